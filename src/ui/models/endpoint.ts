import * as vscode from "vscode";
import { consentText, KnownServers, notAllowed } from "../../inference/remote/consent.js";
import {
  baseUrl,
  discover,
  type EndpointKeys,
  hostOf,
  nameOf,
  originOf,
  type ServedModel,
} from "../../inference/remote/endpoint.js";
import { RemoteEngine } from "../../inference/remote/engine.js";
import { type Endpoint, ErrataError, type ModelEntry } from "../../protocol/types.js";
import { command } from "../commands.js";
import { warn } from "../say.js";
import { askSecret } from "../secret.js";
import type { Services } from "../services.js";

const PLACE = "http://127.0.0.1:8000/v1";

/** Models behind servers, for this window: keys in its secret storage, and nothing sent without a person's word. */
export function remoteEngine(services: Pick<Services, "context" | "log">): RemoteEngine {
  const known = new KnownServers();
  return new RemoteEngine({
    keys: keysIn(services),
    allow: async (endpoint) => {
      if (await known.has(endpoint.url)) return;
      if (!(await agrees(endpoint))) throw notAllowed(endpoint);
      await known.add(endpoint.url);
    },
    log: (line) => services.log.info(line),
    warn: (line) => {
      services.log.warn(line);
      void warn(line);
    },
  });
}

export function registerEndpoints(services: Services): void {
  command(services, "setEndpointKey", ["trust"], (picked) =>
    setKey(services, (picked as ModelEntry | undefined)?.endpoint),
  );
}

/** Asks for a server and one of its models, tries it, and registers it; undefined when the person left. */
export async function addEndpoint(services: Services): Promise<ModelEntry | undefined> {
  const address = await vscode.window.showInputBox({
    title: "Add a Model on a Server (1/2)",
    prompt:
      "Address of an OpenAI-compatible server: vLLM, SGLang, llama.cpp, LM Studio, transformers serve, … Problems, solutions and prompts are sent there as plain text.",
    value: PLACE,
    valueSelection: [PLACE.indexOf("127"), PLACE.indexOf("/v1")],
    ignoreFocusOut: true,
    validateInput: (text) => {
      try {
        baseUrl(text);
        return undefined;
      } catch (error) {
        return error instanceof ErrataError ? `${error.message}. ${error.hint}` : String(error);
      }
    },
  });
  if (address === undefined) return undefined;
  const found = await findApi(services, baseUrl(address));
  const model = found && (await askServed(found.url, found.models, found.why));
  if (!found || !model) return undefined;
  const endpoint: Endpoint = { url: found.url, model };
  await new KnownServers().add(found.url);
  const engine = remoteEngine(services);
  try {
    await progress(`Trying ${model} on ${hostOf(found.url)}…`, async (signal) => {
      await engine.load({ folder: "", endpoint });
      await engine.tryOut(signal);
    });
  } finally {
    await engine.dispose();
  }
  return services.models.add("", { endpoint, name: nameOf(model) });
}

/** The API at an address; a key is asked for where the server wants one. */
async function findApi(
  services: Services,
  address: string,
): Promise<Awaited<ReturnType<typeof discover>> | undefined> {
  const keys = keysIn(services);
  const origin = originOf(address);
  for (;;) {
    const key = await keys.get(origin);
    try {
      return await progress(`Asking ${hostOf(address)} for its models…`, (signal) =>
        discover(address, key, signal),
      );
    } catch (error) {
      if (!(error instanceof ErrataError) || error.code !== "endpoint-key") throw error;
      if (!(await keys.refused?.(origin, error.message))) return undefined;
    }
  }
}

/** The id of one of the models that a server lists; typed where it lists none. */
async function askServed(url: string, models: ServedModel[], why?: string): Promise<string | undefined> {
  const title = "Add a Model on a Server (2/2)";
  if (models.length > 0) {
    const items = models.map(({ id, contextLength }) => ({
      label: id,
      ...(contextLength === undefined ? {} : { description: `context ${contextLength}` }),
    }));
    const placeHolder = `Models of ${hostOf(url)}`;
    return (await vscode.window.showQuickPick(items, { title, placeHolder, ignoreFocusOut: true }))?.label;
  }
  const name = await vscode.window.showInputBox({
    ...{ title, ignoreFocusOut: true },
    prompt: `${hostOf(url)} does not list its models${why ? ` (${why})` : ""}. What does it call the model?`,
  });
  return name?.trim() || undefined;
}

async function agrees(endpoint: Endpoint): Promise<boolean> {
  const yes = "Use This Server";
  const detail = `${consentText(endpoint)}\n\nThis workspace's models.json names it. You are asked once for each server.`;
  const question = `Send this workspace's problems to ${hostOf(endpoint.url)}?`;
  return (await warn(question, { modal: true, detail }, yes)) === yes;
}

/** A server's key is stored under its origin and read for no other. */
function keysIn({ context }: Pick<Services, "context">): EndpointKeys {
  return {
    get: async (origin) => (await context.secrets.get(secret(origin))) || undefined,
    refused: (origin, why) =>
      askSecret(context, { name: secret(origin), ...{ origin, why, what: "key" as const } }),
  };
}

const secret = (origin: string): string => `errata.endpoint ${origin}`;

/** For a given endpoint, or for one of those in the workspace, or for any address. */
async function setKey(services: Services, endpoint?: Endpoint): Promise<void> {
  const origin = endpoint ? originOf(baseUrl(endpoint.url)) : await askOrigin(services);
  if (origin === undefined) return;
  const stored = await askSecret(services.context, { name: secret(origin), origin, what: "key" });
  const said = stored ? "A key is kept for" : "No new key is kept for";
  vscode.window.setStatusBarMessage(`$(key) ${said} ${hostOf(origin)}`, 5000);
}

async function askOrigin(services: Services): Promise<string | undefined> {
  const origins = new Set<string>();
  const models = vscode.workspace.workspaceFolders?.length ? await services.models.list() : [];
  for (const model of models) if (model.endpoint) origins.add(originOf(baseUrl(model.endpoint.url)));
  const other = "Another server…";
  const title = "Set Endpoint Key";
  const picked =
    origins.size === 0 ? other : await vscode.window.showQuickPick([...origins, other], { title });
  if (picked !== other) return picked;
  const prompt = "The server's address";
  const typed = await vscode.window.showInputBox({ title, prompt, value: PLACE });
  return typed === undefined ? undefined : originOf(baseUrl(typed));
}

function progress<T>(title: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
  const controller = new AbortController();
  return Promise.resolve(
    vscode.window.withProgress(options, (_, token) => {
      token.onCancellationRequested(() => controller.abort(new vscode.CancellationError()));
      return work(controller.signal);
    }),
  );
}
