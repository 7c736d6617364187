import katex from "katex";

/** What the typing benchmark reads from a page, in milliseconds. */
export interface Measured {
  /** Spent in KaTeX since the page was loaded. */
  katex: number;
  /** From each key to the frame that shows it. */
  keys: number[];
}
declare global {
  var measured: Measured;
}

globalThis.measured = { katex: 0, keys: [] };
const { render } = katex;
katex.render = (...args) => {
  const started = performance.now();
  try {
    render(...args);
  } finally {
    measured.katex += performance.now() - started;
  }
};

window.addEventListener(
  "keydown",
  (event) =>
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      // A task begun in a frame's callback runs when that frame was painted.
      port1.onmessage = () => measured.keys.push(performance.now() - event.timeStamp);
      port2.postMessage(null);
    }),
  true,
);
