/**
 * Philox4x32-10 (Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011): a counter-based generator.
 * The n-th number of a stream is computed from n alone, so a sample's randomness depends on nothing that runs beside
 * it. Reused by one decode loop, so it keeps its words in place and allocates nothing.
 */
const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;
const W0 = 0x9e3779b9;
const W1 = 0xbb67ae85;

/** High 32 bits of an unsigned 32 x 32 product. */
function mulHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carry = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + (middle >>> 16) + (carry >>> 16)) >>> 0;
}

/** First output word for key (k0, k1) and counter (c0, c1, c2, c3); all unsigned 32-bit. */
export function philox(k0: number, k1: number, c0: number, c1: number, c2: number, c3: number): number {
  let [x0, x1, x2, x3] = [c0 >>> 0, c1 >>> 0, c2 >>> 0, c3 >>> 0];
  let a = k0 >>> 0;
  let b = k1 >>> 0;
  for (let round = 0; round < 10; round++) {
    const high0 = mulHigh(M0, x0);
    const low0 = Math.imul(M0, x0) >>> 0;
    const high1 = mulHigh(M1, x2);
    const low1 = Math.imul(M1, x2) >>> 0;
    x0 = (high1 ^ x1 ^ a) >>> 0;
    x1 = low1;
    x2 = (high0 ^ x3 ^ b) >>> 0;
    x3 = low0;
    a = (a + W0) >>> 0;
    b = (b + W1) >>> 0;
  }
  return x0;
}

/** Two 32-bit hashes of a prompt's tokens (FNV-1a over the ids, two different offsets). */
export function hashTokens(tokens: ArrayLike<number>): [number, number] {
  let a = 0x811c9dc5;
  let b = 0x01234567;
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i] ?? 0;
    a = Math.imul(a ^ token, 0x01000193);
    b = Math.imul(b ^ (token + 0x9e37), 0x01000193);
  }
  return [a >>> 0, b >>> 0];
}

/**
 * The uniform number in [0, 1) that decides one token: a function of the sampling's seed, the prompt, the sample's
 * number and the token's position. 24 bits, so that a float32 holds it exactly.
 */
export function uniform(seed: number, prompt: [number, number], sample: number, position: number): number {
  return (philox(seed, prompt[0], position, sample, prompt[1], 0) >>> 8) / 0x1000000;
}
