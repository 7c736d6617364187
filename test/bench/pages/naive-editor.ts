/**
 * The peer of the correction editor: at every key the whole draft is cut, typeset and compared again. The text field,
 * the styles, KaTeX's options, the cutting and the difference are the same.
 */
import "./measured.js";
import katex from "katex";
import { difference } from "../../../src/protocol/diff.js";
import { segmentMath } from "../../../src/protocol/math.js";
import { cutSteps } from "../../../src/protocol/steps.js";
import { registerToolkit, textOf } from "../../../webview/shared/toolkit.js";
import "../../../webview/review/review.css";
import "../../../webview/review/editor.css";

registerToolkit();

function element(name: string, className: string, ...children: (Node | string)[]): HTMLElement {
  const made = document.createElement(name);
  made.className = className;
  made.append(...children);
  return made;
}

function typeset(text: string): (Node | string)[] {
  return segmentMath(text).map((segment) => {
    if (segment.kind === "text") return segment.source;
    const made = element("span", "math");
    katex.render(segment.body, made, {
      displayMode: segment.kind === "display",
      throwOnError: false,
      trust: false,
    });
    return made;
  });
}

function preview(text: string): HTMLElement {
  const steps = cutSteps(text).map(({ n, text: step }) =>
    element("li", "step", element("span", "number", `${n}`), element("errata-math", "", ...typeset(step))),
  );
  return element("div", "preview", element("ol", "steps", ...steps));
}

function changes(base: string, text: string): HTMLElement {
  const parts = difference(base, text).changes.map(({ kind, text: part }) =>
    kind === "same" ? part : element(kind === "added" ? "ins" : "del", "", part),
  );
  return element("div", "difference", element("div", "source", ...parts));
}

/** Called by the benchmark. */
function show(text: string, base: string): void {
  const field = document.createElement("vscode-text-area");
  field.className = "field";
  field.setAttribute("rows", "24");
  const [left, right] = [element("div", "beside"), element("div", "beside")];
  const draw = (now: string): void => {
    left.replaceChildren(preview(now));
    right.replaceChildren(changes(base, now));
  };
  field.addEventListener("input", (event) => draw(textOf(event)));
  const dock = element("section", "dock editor", element("div", "sides", field, left, right));
  document
    .querySelector("errata-review")
    ?.replaceChildren(element("main", ""), element("errata-naive", "", dock));
  Object.assign(field, { value: text });
  draw(text);
  field.focus();
}
Object.assign(globalThis, { showNaive: show });
