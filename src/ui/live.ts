import { ErrataError } from "../protocol/types.js";
import { command, setContext } from "./commands.js";
import { CONTEXT } from "./names.js";
import type { Panels } from "./panels/index.js";
import type { Services } from "./services.js";

/** Watching what is being sampled. It ends with the work, however that ends. */
export function registerLive(services: Services, panels: Panels): void {
  const { live, work } = services;
  command(services, "watch", ["folder"], () => {
    if (!live.active && !panels.watching) {
      throw new ErrataError(
        "Nothing is being sampled that could be watched.",
        "Sample problems or reflect on attempts; while that goes on, this shows it.",
        "not-sampling",
      );
    }
    panels.watch();
  });
  services.context.subscriptions.push(
    { dispose: live.onDidChange(() => setContext(CONTEXT.sampling, live.active)) },
    work.onDidChange(() => {
      if (!work.running) live.close("It ended before all was done. What was finished is kept.");
    }),
  );
}
