import * as vscode from "vscode";
import type {
  ComparedAttempt,
  CompareFromView,
  CompareMemory,
  CompareToView,
} from "../../protocol/compare-panel.js";
import type { Comparison } from "../../protocol/comparison.js";
import { cutSteps } from "../../protocol/steps.js";
import type { Attempt } from "../../protocol/types.js";
import { PANELS } from "../names.js";
import type { Services } from "../services.js";
import { isSecond, Page } from "./page.js";

const KEPT = "errata.comparisons";
/** Comparisons that survive a reload of the window; older ones are made again from the pool by comparing again. */
const MOST_KEPT = 8;
type Kept = Record<string, Comparison>;

/** One panel a comparison. */
export class ComparePanels implements vscode.Disposable {
  private readonly open = new Map<string, Page<CompareToView, CompareFromView>>();
  private readonly serializer: vscode.Disposable;

  constructor(
    private readonly services: Services,
    private readonly review: (attemptIds: number[]) => void,
  ) {
    this.serializer = vscode.window.registerWebviewPanelSerializer(PANELS.compare, {
      deserializeWebviewPanel: async (panel, memory: CompareMemory | undefined) => {
        const comparison = memory && this.kept()[memory.key];
        if (!comparison) panel.dispose();
        else if (!isSecond(this.open.get(memory.key), panel)) this.adopt(panel, comparison);
      },
    });
  }

  async show(comparison: Comparison): Promise<void> {
    const key = keyOf(comparison);
    const known = this.open.get(key);
    if (known) {
      known.panel.reveal();
      return;
    }
    const kept = Object.entries({ ...this.kept(), [key]: comparison });
    await this.services.context.workspaceState.update(KEPT, Object.fromEntries(kept.slice(-MOST_KEPT)));
    const title = `${comparison.modelA} ↔ ${comparison.modelB}`;
    this.adopt(vscode.window.createWebviewPanel(PANELS.compare, title, vscode.ViewColumn.Active), comparison);
  }

  private kept(): Kept {
    return this.services.context.workspaceState.get<Kept>(KEPT, {});
  }

  private adopt(panel: vscode.WebviewPanel, comparison: Comparison): void {
    const key = keyOf(comparison);
    const page = new Page<CompareToView, CompareFromView>(
      panel,
      this.services.context.extensionUri,
      "compare",
      "compare",
      (message) => {
        this.answer(message, comparison, page).catch((error: unknown) => this.services.fail(error));
      },
    );
    this.open.set(key, page);
    panel.onDidDispose(() => this.open.delete(key));
  }

  private async answer(
    message: CompareFromView,
    comparison: Comparison,
    page: Page<CompareToView, CompareFromView>,
  ): Promise<void> {
    if (message.type === "ready") {
      const pool = await this.services.poolIfAny();
      // As it was when it was made, where that is known.
      const leftOut =
        comparison.badProblems ?? (pool ? await pool.badProblems({ set: comparison.problems }) : 0);
      page.post({ type: "comparison", comparison, leftOut });
    } else if (message.type === "open") this.review(message.attemptIds);
    else if (message.type === "measure") {
      const models = [
        await this.services.models.get(comparison.modelA),
        await this.services.models.get(comparison.modelB),
      ];
      await vscode.commands.executeCommand("errata.compare", undefined, models);
    } else {
      const { problemRowId } = message;
      const problem = [...comparison.fixed, ...comparison.regressed].find(
        (one) => one.problemRowId === problemRowId,
      );
      if (!problem) return;
      const [a, b] = [await this.attempts(problem.a.attemptIds), await this.attempts(problem.b.attemptIds)];
      page.post({ type: "attempts", attempts: { problemRowId, a, b } });
    }
  }

  private async attempts(ids: number[]): Promise<ComparedAttempt[]> {
    const pool = await this.services.pool();
    return (await pool.attempts({ ids })).toSorted((x, y) => x.sample - y.sample).map(view);
  }

  dispose(): void {
    this.serializer.dispose();
    for (const page of [...this.open.values()]) page.dispose();
  }
}

function view({ id, text, answer, answerSpan, verdict, reason, finish, tokens }: Attempt): ComparedAttempt {
  const solution = { text, steps: cutSteps(text), answer, span: answerSpan };
  return { id, verdict, reason, finish, tokens, solution };
}

/** The view knows it too: it stores the key to be found again. */
function keyOf(comparison: Comparison): string {
  return comparison.createdAt;
}
