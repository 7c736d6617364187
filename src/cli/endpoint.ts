import { consentText, KnownServers, notAllowed } from "../inference/remote/consent.js";
import {
  baseUrl,
  discover,
  type EndpointKeys,
  hostOf,
  isOpen,
  nameOf,
  originOf,
} from "../inference/remote/endpoint.js";
import { RemoteEngine } from "../inference/remote/engine.js";
import type { Models } from "../inference/types.js";
import type { Endpoint, ModelEntry } from "../protocol/types.js";
import { UsageError } from "./arguments.js";
import { agrees } from "./ask.js";

const OPENAI = "https://api.openai.com";

const warned = new Set<string>();
/** ERRATA_API_KEY, for whichever server a person names or agrees to; OPENAI_API_KEY belongs to OpenAI alone. */
const keys: EndpointKeys = {
  get: async (origin) => {
    const key =
      process.env.ERRATA_API_KEY?.trim() ||
      (origin === OPENAI ? process.env.OPENAI_API_KEY?.trim() : undefined) ||
      undefined;
    if (key && isOpen(origin) && !warned.has(origin)) {
      warned.add(origin);
      console.error(`The key goes to ${hostOf(origin)} over plain http: whoever is on the way can read it.`);
    }
    return key;
  },
};

/** Models behind servers, for the command line. */
export function remoteEngine(known = new KnownServers()): RemoteEngine {
  return new RemoteEngine({
    keys,
    allow: async (endpoint) => {
      if (await known.has(endpoint.url)) return;
      if (!(await agrees(consentText(endpoint)))) throw notAllowed(endpoint);
      await known.add(endpoint.url);
    },
    warn: (line) => console.error(line),
  });
}

/**
 * `errata models add http://host:8000/v1 --model NAME`: finds the API there, tries the model with one small completion
 * and registers it. Without NAME, the only model that the server lists.
 */
export async function addEndpoint(
  models: Models,
  address: string,
  more: { model?: string | undefined; name?: string | undefined; concurrency?: number | undefined } = {},
  signal?: AbortSignal,
  known = new KnownServers(),
): Promise<ModelEntry> {
  const { url, models: served } = await discover(address, await keys.get(originOf(baseUrl(address))), signal);
  const model = more.model ?? (served.length === 1 ? served[0]?.id : undefined);
  if (model === undefined) {
    const names = served.map(({ id }) => id).join(", ");
    throw new UsageError(`Which model? Say --model NAME${names ? `; the server has ${names}` : ""}.`);
  }
  const endpoint: Endpoint = {
    ...{ url, model },
    ...(more.concurrency === undefined ? {} : { concurrency: more.concurrency }),
  };
  // Naming the server on the command line is the agreement.
  await known.add(url);
  console.error(consentText(endpoint));
  const engine = remoteEngine(known);
  try {
    await engine.load({ folder: "", endpoint });
    await engine.tryOut(signal);
  } finally {
    await engine.dispose();
  }
  return models.add("", { endpoint, name: more.name ?? nameOf(model) });
}
