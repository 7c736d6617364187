import type { Pool } from "../pool/types.js";
import type { JudgementWord } from "../protocol/agreement.js";

/** Words read at once: so many rows become objects in a few milliseconds. */
const PAGE = 500;

/** Every standing judgement of people and every repeat, in the order of annotation ids. */
export async function allJudgements(pool: Pool, signal?: AbortSignal): Promise<JudgementWord[]> {
  const words: JudgementWord[] = [];
  for (let after = 0; ; ) {
    signal?.throwIfAborted();
    const some = await pool.judgements(after, PAGE);
    for (const word of some) words.push(word);
    const last = some.at(-1);
    if (!last || some.length < PAGE) return words;
    after = last.id;
  }
}
