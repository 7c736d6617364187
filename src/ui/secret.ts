import * as vscode from "vscode";
import { isOpen } from "../inference/remote/endpoint.js";
import { warn } from "./say.js";

export interface Secret {
  /** Its name in the editor's secret storage. */
  name: string;
  /** Scheme, host and port that it is sent to; to no other. */
  origin: string;
  what: "key" | "token";
  /** Why it is asked for now: what the server said. */
  why?: string;
}

/** Asks for a server's key or token and keeps it; an empty answer removes it. True when there is a new one now. */
export async function askSecret(
  context: vscode.ExtensionContext,
  { name, origin, what, why }: Secret,
): Promise<boolean> {
  const said = why === undefined ? "" : `${why.replace(/[.\s]*$/, ".")} `;
  const given = await vscode.window.showInputBox({
    title: `${what === "key" ? "Key" : "Token"} for ${origin}`,
    prompt: `${said}The ${what} is kept in the editor's secret storage and sent to ${origin} alone. Left empty, it is removed.`,
    ...{ password: true, ignoreFocusOut: true },
    validateInput: (text) =>
      /^[\x21-\x7e]*$/.test(text.trim())
        ? undefined
        : `A ${what} has letters, digits and signs, and no spaces.`,
  });
  if (given === undefined) return false;
  if (given.trim() === "") {
    await context.secrets.delete(name);
    return false;
  }
  if (isOpen(origin)) {
    const yes = "Send It Anyway";
    const detail = `${origin} is not on this machine and is reached over plain http: whoever is on the way can read the ${what}. Use https, or a tunnel to 127.0.0.1.`;
    const answer = await warn(`Send the ${what} unencrypted?`, { modal: true, detail }, yes);
    if (answer !== yes) return false;
  }
  await context.secrets.store(name, given.trim());
  return true;
}
