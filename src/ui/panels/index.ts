import type * as vscode from "vscode";
import type { AttemptQuery } from "../../pool/types.js";
import type { Comparison } from "../../protocol/comparison.js";
import type { ReviewAction } from "../../protocol/review.js";
import type { Services } from "../services.js";
import { ComparePanels } from "./compare.js";
import { ReviewPanel } from "./review.js";
import { RunPanels } from "./run.js";

/** The editor panels, as commands and trees open them. */
export interface Panels extends vscode.Disposable {
  /** Opens Review on an attempt, or where the last sitting stopped; `query` is the queue. */
  review(attemptId?: number, query?: AttemptQuery): Promise<void>;
  /** Shows what is being sampled, in the Review panel. */
  watch(): void;
  /** The Review panel shows it now. */
  readonly watching: boolean;
  run(runId: string): Promise<void>;
  /** The run is no more: nor is its panel. */
  closeRun(runId: string): void;
  compare(comparison: Comparison): Promise<void>;
  /** Carries out a reviewer's key in the open Review panel. */
  act(action: ReviewAction): Promise<void>;
}

/** Registers the panels' serializers, so that panels come back after a reload, and returns what opens them. */
export function registerPanels(services: Services): Panels {
  const review = new ReviewPanel(services);
  const runs = new RunPanels(services);
  const comparisons = new ComparePanels(services, (ids) => {
    void review.show(ids[0], { scope: "all", ids }).catch((error: unknown) => services.fail(error));
  });
  return {
    review: (attemptId, query) => review.show(attemptId, query),
    watch: () => review.watch(),
    get watching() {
      return review.watching;
    },
    run: (runId) => runs.show(runId),
    closeRun: (runId) => runs.close(runId),
    compare: (comparison) => comparisons.show(comparison),
    act: (action) => review.act(action),
    dispose: () => {
      review.dispose();
      runs.dispose();
      comparisons.dispose();
    },
  };
}
