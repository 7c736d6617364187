/** Functions without brackets, as people write them. */

const NAMES = "ln|log|lg|sin|cos|tan|cot|sec|csc|sinh|cosh|tanh|arcsin|arccos|arctan";
const GROUP = "(?:\\w|\\\\[a-z]+|\\{[^{}]*\\})";
const ATOM = "(?:\\d+(?:\\.\\d+)?|[a-zA-Z]|\\\\(?:pi|theta|alpha|beta|phi|varphi)(?![a-zA-Z])|°|\\s)";
const BARE = new RegExp(
  `(\\\\(?:${NAMES})(?![a-zA-Z])(?:\\s*_\\s*${GROUP})?(?:\\s*\\^\\s*${GROUP})?)\\s*(?!\\s)(${ATOM}+?)\\s*(?=\\\\(?:cdot|times)\\s*\\\\(?:${NAMES})(?![a-zA-Z]))`,
  "g",
);

/** `\log_2 3 \cdot \log_3 4` is a product: compute-engine would take all that follows for the argument. */
export function bracketArguments(tex: string): string {
  return tex.replace(BARE, (_, name: string, argument: string) => `${name}(${argument.trim()})`);
}
