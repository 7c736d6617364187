import type { AttemptDetail } from "../pool/types.js";
import type { Annotation } from "../protocol/types.js";
import { ownCorrection, targetOf } from "../review/own.js";
import type { CorrectionStore, StoredCorrection } from "./correction-files.js";
import type { Services } from "./services.js";

/** The same annotations as the panel's, on the same targets. */
export class PoolStore implements CorrectionStore {
  constructor(private readonly services: Pick<Services, "trusted" | "pool" | "poolIfAny" | "who">) {}

  get readOnly(): boolean {
    return !this.services.trusted;
  }

  async read(attemptId: number): Promise<StoredCorrection | undefined> {
    const pool = await this.services.poolIfAny();
    if (!pool || (await pool.missing([attemptId])).length > 0) return undefined;
    const detail = await pool.detail(attemptId);
    const own = ownCorrection(await this.wordsOn(detail));
    const [reflection] = detail.reflections;
    return {
      own: own?.value.kind === "correction" ? own.value.value : null,
      ownAt: own ? Date.parse(own.at) : null,
      model: reflection?.parsed ? reflection.correctedSolution : null,
      failed: detail.attempt.text,
      attemptAt: Date.parse(detail.attempt.createdAt),
    };
  }

  async write(attemptId: number, value: string | null): Promise<void> {
    const pool = await this.services.pool();
    const detail = await pool.detail(attemptId);
    const word = { kind: "correction", value } as const;
    const [target, id] = targetOf(word, { detail, own: await this.wordsOn(detail) });
    await pool.annotate(target, id, await this.services.who(), word);
  }

  private async wordsOn({ annotations }: AttemptDetail): Promise<Annotation[]> {
    const who = await this.services.who();
    return annotations.filter((a) => a.who === who);
  }
}
