/** What is copied is the source: a typeset formula would come out twice, as MathML and as scattered letters. */
document.addEventListener("copy", (event) => {
  const selection = getSelection();
  if (!selection || selection.rangeCount === 0 || selection.isCollapsed || !event.clipboardData) return;
  const range = selection.getRangeAt(0).cloneRange();
  // Half of a formula is no source: it is taken whole.
  const [first, last] = [formulaOf(range.startContainer), formulaOf(range.endContainer)];
  if (first) range.setStartBefore(first);
  if (last) range.setEndAfter(last);
  const copied = range.cloneContents();
  if (!copied.querySelector(".math[data-source], .ahead")) return;
  event.clipboardData.setData("text/plain", sourceOf(copied).trim());
  event.preventDefault();
});

const formulaOf = (node: Node): Element | null =>
  (node instanceof Element ? node : node.parentElement)?.closest(".math[data-source]") ?? null;

function sourceOf(node: Node): string {
  if (node instanceof Text) return node.data;
  if (node instanceof HTMLElement) {
    if (node.dataset.source !== undefined) return node.dataset.source;
    if (node.matches(".unseen, .ahead, .number, .hint-says, .remark")) return "";
    // Typeset by the browser as the next line; between them the templates' own white space means nothing.
    if (node.matches("ol, errata-steps")) return [...node.children].map(sourceOf).join("");
    if (node.matches("li")) return `${[...node.children].map(sourceOf).join("")}\n`;
    if (node.matches("p, h1, h2, section, blockquote")) return `${inner(node)}\n`;
  }
  return inner(node);
}

const inner = (node: Node): string => [...node.childNodes].map(sourceOf).join("");
