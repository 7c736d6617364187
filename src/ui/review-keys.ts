import * as vscode from "vscode";
import { REVIEW_COMMANDS } from "./names.js";
import type { Panels } from "./panels/index.js";
import { registerRubric } from "./rubric.js";
import type { Services } from "./services.js";

/** The keys of a reviewer: contributed commands, so that anyone can bind them differently; and the rubric they rate by. */
export function registerReviewKeys(services: Services, panels: Panels): void {
  registerRubric(services);
  for (const action of REVIEW_COMMANDS) {
    services.context.subscriptions.push(
      vscode.commands.registerCommand(`errata.review.${action}`, () =>
        panels.act(action).catch((error: unknown) => services.fail(error)),
      ),
    );
  }
}
