import { createInterface } from "node:readline/promises";

/** Asks on the terminal whether to go on; without a terminal the answer is no. */
export async function agrees(consent: string): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return false;
  const ask = createInterface({ input: process.stdin, output: process.stderr });
  const said = await ask.question(`${consent} Go on? [y/N] `);
  ask.close();
  return /^y/i.test(said.trim());
}
