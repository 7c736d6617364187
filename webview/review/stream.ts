import { type StepPiece, StepStream } from "../../src/protocol/steps.js";
import { ErrataMath } from "../shared/math.js";

/** More than this at once is not read as it comes: it is typeset when it comes near the screen. */
const MUCH = 4000;
/** A step without a line end goes on in another row after so many characters: no row costs more than that to lay out. */
const LONGEST_ROW = 1500;
/** Rows of one list: the lists that are out of sight cost nothing. */
const GROUP = 40;

/**
 * A solution as it is written, in numbered steps. What was typeset stays as it is, to the node; only what is new is
 * added, and at the end stands, as plain source, what may be a formula that is not closed yet.
 */
export class StepFlow {
  readonly element = document.createElement("div");
  private group: HTMLOListElement | null = null;
  private readonly tail = document.createElement("span");
  private text = "";
  private stream = new StepStream();
  private steps = 0;
  /** The row that grows, what it holds, and its length. */
  private row: { body: HTMLElement; length: number } | null = null;
  private isRaw = false;

  constructor() {
    this.element.className = "flowing";
    this.tail.className = "tail";
  }

  clear(): void {
    this.text = "";
    this.begin();
  }

  set raw(on: boolean) {
    if (on === this.isRaw) return;
    this.isRaw = on;
    this.element.classList.toggle("raw", on);
    for (const math of this.element.querySelectorAll("errata-math"))
      if (math instanceof ErrataMath) math.raw = on;
  }

  /** From `at` on, the text is now `more`. */
  put(at: number, more: string): void {
    this.text = this.text.slice(0, at) + more;
    if (!this.stream.put(at, more)) {
      this.begin();
      this.stream.put(0, this.text);
    }
    this.draw(false);
  }

  /** Nothing comes any more: what was waited for is what it is. */
  end(): void {
    this.draw(true);
  }

  private begin(): void {
    this.stream = new StepStream();
    this.steps = 0;
    this.row = null;
    this.group = null;
    this.tail.remove();
    this.element.replaceChildren();
  }

  private draw(ended: boolean): void {
    const pieces = this.stream.take(ended);
    const lazy = pieces.reduce((sum, piece) => sum + (piece?.source.length ?? 0), 0) > MUCH;
    for (const piece of pieces) this.add(piece, lazy);
    const { rest } = this.stream;
    this.tail.remove();
    if (rest.trim() === "") return;
    this.tail.textContent = rest;
    this.body().append(this.tail);
  }

  private add(piece: StepPiece, lazy: boolean): void {
    if (piece === null) {
      this.row = null;
      return;
    }
    // White space before a step, or a line of nothing else, is no step.
    const source = this.row ? piece.source : piece.source.trimStart();
    if (source === "") return;
    if (piece.kind === "text") this.addText(source);
    else {
      const math = new ErrataMath();
      math.raw = this.isRaw;
      math.lazy = lazy;
      math.text = source;
      this.body().append(math);
    }
    if (this.row) this.row.length += source.length;
  }

  private addText(source: string): void {
    // Between two words, a row that is long enough ends; the step goes on in the next.
    const gap = (this.row?.length ?? 0) < LONGEST_ROW ? -1 : source.search(/\s/);
    this.append(gap < 0 ? source : source.slice(0, gap));
    if (gap < 0) return;
    this.newRow("");
    this.append(source.slice(gap).trimStart());
  }

  private append(text: string): void {
    const body = this.body();
    const last = body.lastChild;
    if (last instanceof Text) last.appendData(text);
    else body.append(text);
  }

  /** Where what comes next belongs: the row that grows, or a new step. */
  private body(): HTMLElement {
    return this.row?.body ?? this.newRow(String(++this.steps));
  }

  private newRow(name: string): HTMLElement {
    const row = document.createElement("li");
    row.className = "step";
    const number = document.createElement("span");
    number.className = "number";
    number.ariaHidden = "true";
    number.textContent = name;
    const body = document.createElement("span");
    body.className = "flow-text";
    row.append(number, body);
    if (!this.group || this.group.childElementCount >= GROUP) {
      this.group = document.createElement("ol");
      this.group.className = "steps";
      this.element.append(this.group);
    }
    this.group.append(row);
    this.row = { body, length: 0 };
    return body;
  }
}
