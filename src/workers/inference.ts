import type { ProbeAnswer } from "../inference/backend/backends.js";
import { PROBE, probeInChild } from "../inference/backend/probe.js";
import { runProbe } from "../inference/backend/probe-run.js";
import { LocalEngine } from "../inference/engine.js";
import type { GenerateListener, GenerateProgress, LiveText } from "../inference/types.js";
import {
  GENERATE,
  type GenerateParams,
  INFERENCE_VERSION,
  LOAD,
  type LoadParams,
  PREVIEW,
  type PreviewParams,
  ROWS,
  type RowsParams,
  type WorkerOptions,
} from "../inference/wire.js";
import { Coalescer, rpcOverIpc } from "../protocol/rpc.js";

/** The process that owns ONNX Runtime, tokenizer and decode. It ends with the process that started it. */
function serve(options: WorkerOptions): void {
  const known = new Map<string, Promise<ProbeAnswer>>();
  const engine = new LocalEngine({
    ...options,
    probe: (backend, source) => {
      const name = JSON.stringify([backend, source]);
      const answer =
        known.get(name) ?? probeInChild(__filename, backend, source, { threads: options.threads });
      known.set(name, answer);
      return answer;
    },
  });
  const rpc = rpcOverIpc(process, { version: INFERENCE_VERSION });
  rpc.handle(LOAD, (params: LoadParams) => {
    const { source } = params;
    for (const { backend, why } of params.known ?? [])
      known.set(JSON.stringify([backend, source]), Promise.resolve({ why }));
    return engine.load(source);
  });
  rpc.handle(PREVIEW, ({ messages }: PreviewParams) => engine.preview(messages));
  rpc.handle(GENERATE, async ({ id, jobs, options: sampling, live }: GenerateParams, signal) => {
    let progress: GenerateProgress | undefined;
    let text: LiveText | undefined;
    const events = new Coalescer<RowsParams["rows"]>((batches) => {
      const event = { id, rows: batches.flat(), ...(progress && { progress }), ...(text && { live: text }) };
      text = undefined;
      rpc.notify(ROWS, event satisfies RowsParams);
    });
    const on: GenerateListener = {
      row: (row) => events.add([row]),
      progress: (now) => {
        progress = now;
        events.add([]);
      },
      ...(live && {
        live: (now) => {
          text = now;
          events.add([]);
        },
      }),
    };
    try {
      await engine.generate(jobs, sampling, on, signal);
    } finally {
      // Before the answer, so that the caller has every row when its promise settles.
      events.flush();
    }
  });
  process.on("disconnect", () => process.exit(0));
  rpc.listen();
}

const [mode = "{}", question] = process.argv.slice(2);
if (mode === PROBE && question) void runProbe(question).then(() => process.exit(0));
else serve(JSON.parse(mode) as WorkerOptions);
