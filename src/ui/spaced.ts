import type { Progress, Report } from "../protocol/types.js";

/**
 * Reports at most every `ms` milliseconds, the newest one last: a small model ends fifty samples a second, and each
 * report is drawn by the window. A new stage is told at once; after `end` nothing is.
 */
export function spaced(tell: Report, ms: number): { report: Report; end(): void } {
  let stage: string | undefined;
  let newest: Progress | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const end = (): void => {
    clearTimeout(timer);
    timer = undefined;
    newest = undefined;
  };
  const now = (progress: Progress): void => {
    end();
    stage = progress.stage;
    timer = setTimeout(() => (newest ? now(newest) : end()), ms);
    tell(progress);
  };
  const report: Report = (progress) => {
    if (timer === undefined || progress.stage !== stage) now(progress);
    else newest = progress;
  };
  return { report, end };
}
