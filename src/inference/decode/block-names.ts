/** Names of the prepared graph's inputs and outputs; B rows, S tokens of the first turn, K turns, V vocabulary. */
export const BLOCK = {
  /** int64 `[B, S]`: a prompt (B = 1), or each row's newest token (S = 1). */
  ids: "block.ids",
  /** int64 `[B, 1]`: length of each row with these tokens. */
  lengths: "block.lengths",
  /** bool `[B, 1]`: rows that hold no sequence. */
  done: "block.done",
  /** int64 `[B, 1]`: a row is done when it is this long, its newest token not counted. */
  limits: "block.limits",
  /** int64 `[1, W]`: 0, 1, … W-1; W is S for a prompt, the cache's capacity afterwards. */
  span: "block.span",
  /** int64 `[]`: turns at most. */
  turns: "block.turns",
  /** float `[K, B]` in [0, 1) with 24 bits: what decides each pick. */
  uniforms: "block.uniforms",
  /** float `[1]`; int64 `[1]`, V for off; float `[1]`. */
  temperature: "block.temperature",
  topK: "block.topK",
  topP: "block.topP",
  /** bool `[]`: the likeliest token is taken; top-k or top-p is on. */
  greedy: "block.greedy",
  truncated: "block.truncated",
  /** float `[1, 1]`: anything. */
  logitsBefore: "block.logitsBefore",
  /** int64 and float `[K', B, 1]`: the turns that were made before every row was done. */
  tokens: "block.tokens",
  logprobs: "block.logprobs",
  /** float `[K', B, 1]`: of the distribution each token was picked from, in nats, at temperature 1, before any cut. */
  entropies: "block.entropies",
  /** float `[B, V]`: after the last turn. */
  logits: "block.logits",
  past: (i: number) => `block.past.${i}`,
  present: (i: number) => `block.present.${i}`,
} as const;
