import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { ensureEnvironment } from "../../src/runs/environment.js";
import { findPython, requirements } from "../../src/runs/python.js";

const base = resolve("test/fixtures/runs/python.mjs");
let home: string;
let folder: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "errata-python-"));
  folder = join(home, "env");
  return () => {
    vi.unstubAllEnvs();
    rmSync(home, { recursive: true, force: true });
  };
});

const asked = () => readFileSync(join(folder, "pip.log"), "utf8").trim().split("\n");

describe("the training environment", () => {
  it("gets torch first and alone, then the rest; the second time nothing happens", async () => {
    const stages: string[] = [];
    const report = ({ stage }: { stage: string }) => stages.push(stage);
    const made = await ensureEnvironment({ folder, base, report });
    expect(made).toMatchObject({ version: "3.12.1", packages: { torch: "2.13.0", trl: "1.16.0" } });
    expect(asked()).toEqual([
      "install --disable-pip-version-check torch==2.13.0",
      expect.stringMatching(/^install .* -r .*trainer\/requirements\.txt$/),
    ]);
    expect([...new Set(stages)]).toEqual(["Python environment", "PyTorch", "Training packages", "Check"]);
    await ensureEnvironment({ folder, base: "/nowhere/python" });
    expect(asked()).toHaveLength(2);
    expect((await findPython({ explicit: join(folder, "bin", "python") })).version).toBe("3.12.1");
  });

  it("is mended when its interpreter does not run or a package is gone", async () => {
    await ensureEnvironment({ folder, base });
    writeFileSync(join(folder, "packages.json"), '{"torch":"2.13.0"}');
    await expect(findPython({ explicit: join(folder, "bin", "python") })).rejects.toMatchObject({
      code: "no-python",
      message: expect.stringContaining("trl 1.16.0"),
    });
    await ensureEnvironment({ folder, base });
    expect(asked()).toHaveLength(4);
    writeFileSync(join(folder, "bin", "python"), "#!/nowhere/python\n");
    expect((await ensureEnvironment({ folder, base })).packages.trl).toBe("1.16.0");
  });

  it("is not made where something else lies", async () => {
    mkdirSync(folder);
    writeFileSync(join(folder, "thesis.tex"), "precious");
    await expect(ensureEnvironment({ folder, base })).rejects.toMatchObject({ code: "install-failed" });
    expect(existsSync(join(folder, "thesis.tex"))).toBe(true);
  });

  it.each([
    [
      { FAKE_PYTHON_VERSION: "3.9.2" },
      "No Python 3.11 or newer was found",
      "apt-get install python3 python3-venv",
    ],
    [{ FAKE_PYTHON_VENV: "no" }, "cannot make virtual environments", "apt-get install python3-venv"],
  ])("names what to install: %j", async (env, message, hint) => {
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    await expect(ensureEnvironment({ folder, base })).rejects.toMatchObject({
      code: "no-python",
      message: expect.stringContaining(message),
      hint: expect.stringContaining(hint),
    });
    expect(existsSync(folder)).toBe(false);
  });

  it("tells of a network that cannot be reached, and can be tried again", async () => {
    vi.stubEnv("FAKE_PYTHON_OFFLINE", "1");
    await expect(ensureEnvironment({ folder, base })).rejects.toMatchObject({
      code: "no-network",
      message: expect.stringContaining("connection refused"),
    });
    vi.unstubAllEnvs();
    await ensureEnvironment({ folder, base });
  });

  it("stops when asked to", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(ensureEnvironment({ folder, base, signal })).rejects.toThrow("enough");
  });
});

it("every package of the trainer is pinned where it must be", async () => {
  const wanted = await requirements();
  expect(wanted.get("torch")).toBe("2.13.0");
  expect(wanted.get("trl")).toBe("1.16.0");
  expect(wanted.size).toBeGreaterThan(8);
});
