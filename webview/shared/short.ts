/** Names, columns and problems are outside text of any length: where they are labels, they end. */
export function short(text: string, most = 60): string {
  // Not between the halves of a surrogate pair.
  return text.length <= most ? text : `${text.slice(0, most - 1).replace(/[\ud800-\udbff]$/, "")}…`;
}
