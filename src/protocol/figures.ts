/** Figures as people read them; the panels, the exports and the tables write them alike. */

/** Shares of one as the field writes them: `.41`, `1`, `0`. */
export function share(value: number, digits = 2): string {
  if (value === 0 || value === 1) return String(value);
  return value
    .toFixed(digits)
    .replace(/^(-?)0\./, "$1.")
    .replace("-", "−");
}

export const whole = (value: number): string => String(Math.round(value)).replace("-", "−");

/** Two digits that count: `.013`, `1.2e-5`, `340`. */
export function small(value: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 0.001) return value.toExponential(1).replaceAll("-", "−");
  const text = size >= 100 ? String(Math.round(value)) : value.toPrecision(2);
  return text.replace(/^(-?)0\./, "$1.").replace("-", "−");
}

/** `850`, `12.5k`, `3.4M`. */
export function large(value: number): string {
  if (value < 10_000) return whole(value);
  return value < 1e6 ? `${short(value / 1e3)}k` : `${short(value / 1e6)}M`;
}

const short = (value: number): string => value.toFixed(1).replace(/\.0$/, "");

/** "45 s", "3 min", "1 h 20 min". */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "a while";
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** "1,234,567": the same in every language of the editor, as the words around it are. */
export function number(n: number): string {
  return n.toLocaleString("en");
}

/** "1 attempt", "2 attempts", "1,200 attempts". */
export function count(n: number, noun: string, plural = `${noun}s`): string {
  return `${number(n)} ${n === 1 ? noun : plural}`;
}

/** A figure's footnote: bad problems are in none of them. */
export function leftOutWords(badProblems: number): string {
  return `${count(badProblems, "problem")} left out (bad problem or wrong gold)`;
}
