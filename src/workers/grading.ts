/** Entry point of the grading thread: comparisons that may take long, one at a time, in order of arrival. */
import { parentPort } from "node:worker_threads";
import { equalAnswers } from "../grading/equal.js";
import { equalSymbolically, warmUp } from "../grading/symbolic.js";
import type { Comparison, ThreadReply } from "../grading/thread.js";

const port = parentPort;
if (!port) throw new Error("grading-thread.js runs as a worker thread only");

const reply = (message: ThreadReply) => port.postMessage(message);
warmUp();
reply({ kind: "ready" });
port.on("message", ({ id, gold, answer }: Comparison) => {
  try {
    reply({ kind: "done", id, equality: equalAnswers(gold, answer, equalSymbolically) });
  } catch (error) {
    // A bug of ours or of compute-engine's on one pair: that pair is undecided, the thread goes on.
    const what = error instanceof Error ? error.message : String(error);
    reply({
      kind: "done",
      id,
      equality: { equal: null, why: `the comparison failed: ${what.slice(0, 200)}` },
    });
  }
});
