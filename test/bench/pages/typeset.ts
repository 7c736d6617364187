/** One page for the typesetting benchmark: a solution drawn by our steps, or plainly, everything typeset as it stands. */
import "./measured.js";
import katex from "katex";
import { html, render } from "lit";
import { segmentMath } from "../../../src/protocol/math.js";
import { cutSteps } from "../../../src/protocol/steps.js";
import { warm } from "../../../webview/shared/math.js";
import { steps } from "../../../webview/shared/steps.js";
import "../../../webview/review/review.css";

/** How a solution is drawn. "plain" knows neither cache nor windows; "ahead" was typeset before it is shown. */
export type Way = "plain" | "ours" | "ahead";
export interface Painted {
  /** From the text to its paint, and how much of that in KaTeX. */
  ms: number;
  katex: number;
  /** Formulas that stand typeset when it is painted. */
  typeset: number;
  /** And when nothing is left to do. */
  later: number;
}
declare global {
  var painted: (way: Way, text: string) => Promise<Painted>;
  var scrolled: () => Promise<number[]>;
}

document.body.innerHTML = "";
const main = document.createElement("main");
main.className = "solution";
document.body.append(main);
document.body.style.display = "flex";

const frame = (): Promise<void> =>
  new Promise((done) =>
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => done();
      port2.postMessage(null);
    }),
  );
const formulas = (): number => main.querySelectorAll(".katex").length;

function plain(text: string): void {
  const list = document.createElement("ol");
  list.className = "steps";
  for (const step of cutSteps(text)) {
    const row = document.createElement("li");
    row.className = "step";
    const number = document.createElement("span");
    number.textContent = String(step.n);
    const body = document.createElement("span");
    for (const s of segmentMath(step.text)) {
      if (s.kind === "text") body.append(s.source);
      else {
        const node = document.createElement("span");
        katex.render(s.body, node, { displayMode: s.kind === "display", maxExpand: 400, strict: "ignore" });
        body.append(node);
      }
    }
    row.append(number, body);
    list.append(row);
  }
  main.append(list);
}

globalThis.painted = async (way, text) => {
  render(html``, main);
  main.replaceChildren();
  // Lit keeps what it drew into beside the container: a fresh one each time.
  const into = document.createElement("div");
  main.append(into);
  main.scrollTo(0, 0);
  if (way === "ahead") warm(text);
  await frame();
  await frame();
  const [started, katexBefore] = [performance.now(), measured.katex];
  if (way === "plain") plain(text);
  else {
    const shown = { text, steps: cutSteps(text), answer: null, span: null };
    render(steps(shown, { raw: false, label: "Steps" }), into);
  }
  await frame();
  const ms = performance.now() - started;
  const spent = measured.katex - katexBefore;
  const now = formulas();
  for (let i = 0; i < 90; i++) await frame();
  return { ms, katex: spent, typeset: now, later: formulas() };
};

/** Frames while the solution is scrolled through, 1,000 pixels each: milliseconds each. */
globalThis.scrolled = async () => {
  const times: number[] = [];
  for (let i = 0; i < 60; i++) {
    const started = performance.now();
    main.scrollBy(0, 1000);
    await frame();
    times.push(performance.now() - started);
  }
  return times;
};
