import type * as vscode from "vscode";
import type { AttemptQuery } from "../../pool/types.js";
import type { Comparison } from "../../protocol/comparison.js";
import type { ReviewAction } from "../../protocol/review.js";
import { Corrections } from "../correction.js";
import type { Services } from "../services.js";
import { AgreementPanel } from "./agreement.js";
import { ComparePanels } from "./compare.js";
import { ImportPanels } from "./import.js";
import { PreviewPanels } from "./preview.js";
import { RegradePanel } from "./regrade.js";
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
  /** How far people agree, and where they differ. */
  agreement(): void;
  /** What a file holds, and on a word its attempts taken into the pool. */
  import(file: string): void;
  /** A re-grading, or the newest, before or after it was applied. */
  regrade(regradeId?: number): void;
  /** The attempt that the open Review panel shows; null where there is none. */
  readonly reviewed: number | null;
  /** Opens Review on an attempt, with its group open. */
  group(attemptId: number, query?: AttemptQuery): Promise<void>;
  /** What a run of this recipe would do, take and learn from. */
  preview(recipeFile: string): void;
  /** Says which attempts are selected in the Error Pool, when they are asked for. */
  selection(ask: () => Promise<number[]>): void;
  /** Says how the Error Pool's filter is asked for from within Review. */
  filter(ask: () => Promise<AttemptQuery | undefined>): void;
  /** Carries out a reviewer's key in the open Review panel. */
  act(action: ReviewAction): Promise<void>;
}

/** Registers the panels' serializers, so that panels come back after a reload, and returns what opens them. */
export function registerPanels(services: Services): Panels {
  const review = new ReviewPanel(services);
  const corrections = new Corrections(services, (message) => review.tell(message));
  review.corrections = corrections;
  const runs = new RunPanels(services);
  const read = (ids: number[]): void => {
    void review.show(ids[0], { scope: "all", ids }).catch((error: unknown) => services.fail(error));
  };
  const comparisons = new ComparePanels(services, read);
  const people = new AgreementPanel(services, read);
  const imports = new ImportPanels(services);
  const previews = new PreviewPanels(services, read);
  const regrades = new RegradePanel(services, (attemptId, query) => review.show(attemptId, query));
  return {
    review: (attemptId, query) => review.show(attemptId, query),
    watch: () => review.watch(),
    get watching() {
      return review.watching;
    },
    run: (runId) => runs.show(runId),
    closeRun: (runId) => runs.close(runId),
    compare: (comparison) => comparisons.show(comparison),
    agreement: () => people.show(),
    import: (file) => imports.show(file),
    get reviewed() {
      return review.attemptId;
    },
    regrade: (regradeId) => regrades.show(regradeId),
    group: (attemptId, query) => review.showGroup(attemptId, query),
    preview: (recipeFile) => previews.show(recipeFile),
    selection: (ask) => {
      previews.selected = ask;
    },
    filter: (ask) => {
      review.askFilter = ask;
    },
    act: (action) => review.press(action),
    dispose: () => {
      corrections.dispose();
      review.dispose();
      runs.dispose();
      comparisons.dispose();
      people.dispose();
      regrades.dispose();
      imports.dispose();
      previews.dispose();
    },
  };
}
