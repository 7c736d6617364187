/** What a typeset formula may be at most: beyond that a browser stalls or runs out of stack while it lays it out. */

/**
 * Elements in each other. Chromium's layout ran out of stack between 650 and 1,000, in whatever page; nested boxes took
 * seconds at 600. About 28 fractions in each other, far more than anybody reads.
 */
const DEEPEST = 200;
/** Ems that its spaces take in all, sideways. KaTeX's `maxSize` bounds each, but not negative ones. */
const WIDEST = 1000;
/** Ems that one thing is moved up or down: more than the rows that a source of the longest length can hold. */
const HIGHEST = 2000;

/** Throws, with words for the tooltip, when the formula in `root` is too deep or too large to be laid out. */
export function checkBounds(root: Element): void {
  let wide = 0;
  const look = (element: Element, depth: number): void => {
    if (depth > DEEPEST) throw new Error("nested too deep");
    if (element instanceof HTMLElement && element.hasAttribute("style")) {
      const { style } = element;
      wide += ems(style.marginLeft) + ems(style.marginRight) + ems(style.width) + ems(style.borderRightWidth);
      const high = Math.max(ems(style.top), ems(style.height), ems(style.bottom), ems(style.verticalAlign));
      if (wide > WIDEST || high > HIGHEST) throw new Error("larger than a page");
    }
    for (let child = element.firstElementChild; child; child = child.nextElementSibling)
      look(child, depth + 1);
  };
  look(root, 0);
}

const ems = (length: string): number =>
  length.endsWith("em") ? Math.abs(Number.parseFloat(length)) || 0 : 0;
