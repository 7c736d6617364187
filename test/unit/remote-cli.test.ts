import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { UsageError } from "../../src/cli/arguments.js";
import { addEndpoint, remoteEngine } from "../../src/cli/endpoint.js";
import { modelFingerprint } from "../../src/inference/model/fingerprint.js";
import { WorkspaceModels } from "../../src/inference/models.js";
import { KnownServers } from "../../src/inference/remote/consent.js";
import { honest, jobs, json, OPTIONS, serve } from "./remote.fixture.js";

const said: string[] = [];
vi.spyOn(console, "error").mockImplementation((line) => void said.push(String(line)));
afterEach(() => {
  vi.unstubAllEnvs();
  said.length = 0;
});
function place() {
  const workspace = mkdtempSync(join(tmpdir(), "errata-remote-"));
  return {
    models: new WorkspaceModels(workspace),
    known: new KnownServers(join(workspace, "known.json")),
    workspace,
  };
}
const two = { data: [{ id: "org/small-7b" }, { id: "org/large" }] };

test("a server's model is tried, registered under the end of its name, and found again by its id", async () => {
  const server = await serve(honest, two);
  const { models, known, workspace } = place();
  const entry = await addEndpoint(models, server.origin, { model: "org/small-7b" }, undefined, known);
  const endpoint = { url: server.url, model: "org/small-7b" };
  expect(entry).toMatchObject({ id: "small-7b", name: "small-7b", folder: "", endpoint });
  expect(server.requests).toHaveLength(1);
  expect(said.join()).toContain(`sent to ${server.origin}, for the model org/small-7b, as plain text`);
  expect(await new WorkspaceModels(workspace).get("small-7b")).toEqual(entry);
  const other = await addEndpoint(
    models,
    server.url,
    { model: "org/large", concurrency: 64 },
    undefined,
    known,
  );
  expect(other.endpoint?.concurrency).toBe(64);
  expect(await modelFingerprint(other)).not.toBe(await modelFingerprint(entry));
  expect((await models.list()).map(({ id }) => id)).toEqual(["demo-base", "small-7b", "large"]);
});

test("what cannot be used is not registered: no model named, or one that the server refuses", async () => {
  const server = await serve(
    (_, response) => json(response, { error: { message: "no such model" } }, 404),
    two,
  );
  const { models, known } = place();
  await expect(addEndpoint(models, server.url, {}, undefined, known)).rejects.toThrow(
    new UsageError("Which model? Say --model NAME; the server has org/small-7b, org/large."),
  );
  await expect(addEndpoint(models, server.url, { model: "x" }, undefined, known)).rejects.toMatchObject({
    ...{ code: "endpoint-refused", message: expect.stringContaining("no such model") },
  });
  expect((await models.list()).map(({ id }) => id)).toEqual(["demo-base"]);
});

test("ERRATA_API_KEY goes to servers that a person named; OpenAI's to nobody else; neither is stored", async () => {
  vi.stubEnv("ERRATA_API_KEY", "");
  vi.stubEnv("OPENAI_API_KEY", "sk-of-openai");
  const server = await serve(honest, { data: [{ id: "m" }] });
  const { models, known, workspace } = place();
  await addEndpoint(models, server.url, {}, undefined, known);
  expect(server.requests.at(-1)?.headers.authorization).toBeUndefined();
  vi.stubEnv("ERRATA_API_KEY", " sk-mine\n");
  await addEndpoint(models, server.url, {}, undefined, known);
  expect(server.requests.at(-1)?.headers.authorization).toBe("Bearer sk-mine");
  for (const file of [".errata/models.json", "known.json"])
    expect(readFileSync(join(workspace, file), "utf8")).not.toContain("sk-");
});

test("a server that only the workspace names gets neither key nor prompt while nobody can be asked", async () => {
  vi.stubEnv("ERRATA_API_KEY", "sk-mine");
  const server = await serve(honest);
  const { known } = place();
  const source = { folder: "", endpoint: { url: server.url, model: "m" } };
  const engine = remoteEngine(known);
  await expect(engine.load(source)).rejects.toMatchObject({
    ...{
      code: "endpoint-consent",
      hint: expect.stringContaining(`errata models add ${server.url} --model m`),
    },
  });
  expect([server.gets(), server.requests.length]).toEqual([0, 0]);
  await known.add(server.url);
  await engine.load(source);
  await engine.generate(jobs(1, [0]), OPTIONS, { row: () => undefined });
  expect(server.requests).toHaveLength(1);
  await engine.dispose();
});
