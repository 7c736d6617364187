/** Entry point of the grading thread: work that may take long, one request at a time, in order of arrival. */
import { parentPort } from "node:worker_threads";
import { equalAnswers } from "../grading/equal.js";
import { EqualityJudge } from "../grading/equalities.js";
import { equalSymbolically, warmUp } from "../grading/symbolic.js";
import type { RelationsReply, RelationsRequest, ThreadReply, ThreadRequest } from "../grading/thread.js";

const port = parentPort;
if (!port) throw new Error("grading-thread.js runs as a worker thread only");

/** The solution whose relations were looked at last: it comes again for its next slice. */
let reading: { text: string; problem: string; judge: EqualityJudge; next: number } | undefined;

function relations({ text, problem, from, milliseconds }: RelationsRequest): RelationsReply {
  if (reading?.text !== text || reading.problem !== problem || reading.next !== from) {
    reading = { text, problem, judge: new EqualityJudge(text, problem, equalSymbolically), next: from };
  }
  const until = performance.now() + milliseconds;
  const reply = reading.judge.slice(from, () => performance.now() >= until);
  if (reply.next === null) reading = undefined;
  else reading.next = reply.next;
  return reply;
}

const reply = (message: ThreadReply) => port.postMessage(message);
warmUp();
reply({ kind: "ready" });
port.on("message", (request: ThreadRequest) => {
  const { id } = request;
  if (request.kind === "relations") {
    reply({ kind: "hints", id, ...relations(request) });
    return;
  }
  try {
    const { gold, answer, settings } = request;
    reply({ kind: "done", id, equality: equalAnswers(gold, answer, equalSymbolically, settings) });
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
