import { createHash } from "node:crypto";

/** Words that are told apart at most: 20 bytes each. Beyond, what is new is no longer counted. */
const MOST = 1 << 23;

/** Counts distinct words, or marks them, by 64-bit hashes: twenty bytes a word, whatever its length. */
export class Distinct {
  private keys = new BigUint64Array(1 << 12);
  private counts = new Uint32Array(1 << 12);
  size = 0;
  largest = 0;

  /** How often the word came, this time included. */
  add(...words: (string | number)[]): number {
    const found = this.enter(words);
    if (!found) return 1;
    const count = found.fresh ? 1 : (this.counts[found.at] ?? 0) + 1;
    this.counts[found.at] = count;
    this.largest = Math.max(this.largest, count);
    return count;
  }

  /** The number (of 32 bits) that the word was marked with when it first came: this one, where it did not come before. */
  mark(number: number, ...words: (string | number)[]): number {
    const found = this.enter(words);
    if (!found) return number;
    if (found.fresh) this.counts[found.at] = number;
    return this.counts[found.at] ?? number;
  }

  /** The word's place, made where it has none; undefined: no more are told apart. */
  private enter(words: readonly (string | number)[]): { at: number; fresh: boolean } | undefined {
    const digest = createHash("sha256").update(JSON.stringify(words)).digest();
    // 0 is a free place.
    const key = digest.readBigUInt64LE() || 1n;
    let at = this.find(key);
    if (this.keys[at] === key) return { at, fresh: false };
    if (this.size >= MOST) return undefined;
    this.size++;
    if (this.size * 2 > this.keys.length) {
      this.grow();
      at = this.find(key);
    }
    this.keys[at] = key;
    return { at, fresh: true };
  }

  private find(key: bigint): number {
    const mask = this.keys.length - 1;
    let at = Number(key & 0x7fffffffn) & mask;
    while (this.keys[at] !== 0n && this.keys[at] !== key) at = (at + 1) & mask;
    return at;
  }

  private grow(): void {
    const [keys, counts] = [this.keys, this.counts];
    this.keys = new BigUint64Array(keys.length * 2);
    this.counts = new Uint32Array(keys.length * 2);
    for (const [i, key] of keys.entries()) {
      if (key === 0n) continue;
      const at = this.find(key);
      this.keys[at] = key;
      this.counts[at] = counts[i] ?? 0;
    }
  }
}
