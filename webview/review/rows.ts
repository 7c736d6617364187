/**
 * Rows of a text that changes a little at a time: each keeps its id, and so its place in the page, while rows before
 * or after it change; a row that was rewritten keeps it too, and is drawn anew where it stands.
 */
export class Rows {
  private texts: readonly string[] = [];
  private ids: number[] = [];
  private next = 0;

  /** One id for each text. */
  take(texts: readonly string[]): readonly number[] {
    const before = this.texts;
    const shorter = Math.min(before.length, texts.length);
    let head = 0;
    while (head < shorter && before[head] === texts[head]) head++;
    let tail = 0;
    while (tail < shorter - head && before[before.length - 1 - tail] === texts[texts.length - 1 - tail])
      tail++;
    const end = this.ids.length - tail;
    const middle = this.ids.slice(head, Math.min(end, texts.length - tail));
    while (head + middle.length + tail < texts.length) middle.push(this.next++);
    this.ids = [...this.ids.slice(0, head), ...middle, ...this.ids.slice(end)];
    this.texts = texts;
    return this.ids;
  }
}
