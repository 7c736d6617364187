/** What is marked in a text: the span that the grader read, hits of a search, relations that computer algebra judged. */

export interface Decoration {
  /** UTF-16 offsets into the text. */
  start: number;
  end: number;
  className: string;
  /** For the pointer and for screen readers. */
  title: string;
}

/** `text`, which begins at `offset` of what the decorations count in, as text nodes and marks. */
export function decorated(text: string, offset: number, decorations: readonly Decoration[]): Node[] {
  const inside = decorations.filter(({ start, end }) => start < offset + text.length && end > offset);
  if (inside.length === 0) return [document.createTextNode(text)];
  const clamp = (at: number): number => Math.min(text.length, Math.max(0, at - offset));
  const cuts = [
    ...new Set([0, text.length, ...inside.flatMap(({ start, end }) => [clamp(start), clamp(end)])]),
  ];
  cuts.sort((a, b) => a - b);
  return cuts.slice(0, -1).map((from, i) => {
    const to = cuts[i + 1] ?? text.length;
    const here = inside.filter(({ start, end }) => clamp(start) <= from && clamp(end) >= to);
    const piece = text.slice(from, to);
    if (here.length === 0) return document.createTextNode(piece);
    const mark = document.createElement("mark");
    mark.textContent = piece;
    dress(mark, here);
    return mark;
  });
}

/** Classes and tooltip of what lies under these decorations. */
export function dress(element: HTMLElement, decorations: readonly Decoration[]): void {
  for (const { className } of decorations) element.classList.add(...className.split(" "));
  const titles = decorations.map(({ title }) => title).filter((title) => title !== "");
  if (titles.length > 0) element.title = titles.join("\n");
}
