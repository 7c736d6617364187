import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { afterEach, expect, it, vi } from "vitest";
import { DEFAULT_RUBRIC, type Rubric } from "../../src/protocol/rubric.js";
import { rubricFile, rubricText } from "../../src/review/rubric.js";
import { WorkspaceRubric } from "../../src/ui/rubric.js";
import type { Services } from "../../src/ui/services.js";
import { workspace } from "./pool.fixture.js";
import { until } from "./review-session.fixture.js";
import { seen, vscode } from "./vscode.fixture.js";

vi.mock("vscode", async () => (await import("./vscode.fixture.js")).vscode);

afterEach(() => {
  vscode.workspace.workspaceFolders = undefined;
});

const anchors = ["1", "2", "3", "4", "5"] as const;
const own = (id: string): Rubric => ({
  ...DEFAULT_RUBRIC,
  axes: [{ id, title: id, anchors }, ...DEFAULT_RUBRIC.axes.filter((axis) => axis.id === "overall")],
});

it("a rubric that is half edited leaves the one before it in place, and says once what is wrong", async () => {
  const folder = workspace();
  vscode.workspace.workspaceFolders = [{ uri: folder }];
  const file = rubricFile(folder);
  mkdirSync(dirname(file), { recursive: true });
  const faults: string[] = [];
  const told: Rubric[] = [];
  const rubric = new WorkspaceRubric({
    workspace: folder,
    fail: (error: unknown) => faults.push(String(error)),
  } as unknown as Services);
  rubric.onDidChange((now) => told.push(now));
  /** The axes that stand once the file holds this. */
  const after = async (text: string | null): Promise<string[] | undefined> => {
    const before = told.length;
    if (text === null) rmSync(file);
    else writeFileSync(file, text);
    seen.fileChanged();
    await until("the file was read", () => told.length > before);
    return told.at(-1)?.axes.map(({ id }) => id);
  };
  expect(await after(rubricText(own("rigour")))).toEqual(["overall", "rigour"]);
  expect(await after(rubricText(own("rigour")).slice(0, 200))).toEqual(["overall", "rigour"]);
  expect(await after(rubricText(own("rigour")).slice(0, 200))).toEqual(["overall", "rigour"]);
  expect(faults).toEqual([expect.stringMatching(/rubric\.json:\d+: not valid JSON/)]);
  expect(await after(rubricText(own("clarity")))).toEqual(["overall", "clarity"]);
  // No file: the rubric that Errata brings.
  expect(await after(null)).toEqual(DEFAULT_RUBRIC.axes.map(({ id }) => id));
  expect(faults).toHaveLength(1);
  rubric.dispose();
});
