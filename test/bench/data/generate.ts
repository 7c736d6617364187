import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { finished } from "node:stream/promises";

/** Attempts of one problem. */
const GROUP = 8;
/** Characters of one solution, about: with them a row is 2 kB. */
const LONG = 1700;
const ROWS_AT_ONCE = 1000;

const STEPS = [
  "We first write the quantity that is asked for as $x$ and collect what the problem says about it.",
  "Since $a^2 - b^2 = (a-b)(a+b)$, the expression factors, and one of the factors cannot vanish.",
  "Substituting into the second equation gives $3x + 4 = \\frac{7x}{2} - 1$, hence $\\frac{x}{2} = 5$.",
  "The sum of the first $n$ terms is $\\frac{n(n+1)}{2}$, so the total grows with the square of $n$.",
  "By symmetry it is enough to look at the case $x \\le y$; the other one follows by exchanging names.",
  "Let us check this with a small example before going on: for $n = 2$ both sides are equal to $6$.",
  "Therefore the remainder modulo $7$ depends on the last digit alone, and there are three cases.",
];

/** Writes a log of `rows` attempts as plain JSON lines; the share of right ones differs from problem to problem. */
export async function generate(file: string, rows: number): Promise<void> {
  const out = createWriteStream(file);
  const random = randomOf(7);
  let lines: string[] = [];
  for (let row = 0; row < rows; row++) {
    const problem = Math.floor(row / GROUP);
    const [a, b] = [(problem % 997) + 2, (problem % 89) + 3];
    const gold = a * b + problem;
    const skill = (problem % 10) / 10;
    const right = random() < skill;
    const answer = right ? gold : gold + 1 + Math.floor(random() * 4);
    let text = "";
    while (text.length < LONG)
      text += `${STEPS[Math.floor(random() * STEPS.length)]} With ${text.length} we go on.\n\n`;
    const word = {
      id: `p${problem}`,
      question: `A shop sells $${a}$ boxes of $${b}$ pens, and $${problem}$ single pens. How many pens are that?`,
    };
    lines.push(
      JSON.stringify({
        ...{ ...word, answer: String(gold), model: "org/model-7b", sample: row % GROUP },
        ...{ response: `${text}So the answer is $\\boxed{${answer}}$.`, correct: right },
      }),
    );
    if (lines.length < ROWS_AT_ONCE && row < rows - 1) continue;
    if (!out.write(`${lines.join("\n")}\n`)) await once(out, "drain");
    lines = [];
  }
  out.end();
  await finished(out);
}

/** Numbers of [0, 1), the same for the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
