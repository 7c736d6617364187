/** Frames in which a place may still move because what is near it is laid out and typeset. */
const PATIENCE = 30;
/** So many frames without a move mean that it has come to rest. */
const REST = 4;

let latest = 0;

/**
 * Scrolls what `find` gives into view and keeps it there until all around it has its real height; a person who scrolls
 * or presses a key meanwhile has the last word. `find` is asked anew in every frame: it may be drawn only then.
 */
export function bringIntoView(find: () => Element | null, block: ScrollLogicalPosition): void {
  const own = ++latest;
  let interrupted = false;
  const stop = (): void => {
    interrupted = true;
  };
  const events = ["wheel", "pointerdown", "touchstart", "keydown"] as const;
  for (const name of events)
    window.addEventListener(name, stop, { passive: true, once: true, capture: true });
  let [frames, resting, last] = [0, 0, Number.NaN];
  const look = (): void => {
    const element = interrupted || own !== latest ? null : find();
    if (element) {
      const before = element.getBoundingClientRect().top;
      if (Math.abs(before - last) < 1) resting++;
      else {
        element.scrollIntoView({ block, inline: "nearest" });
        resting = 0;
      }
      last = element.getBoundingClientRect().top;
    }
    if (!interrupted && own === latest && ++frames < PATIENCE && resting < REST) requestAnimationFrame(look);
    else for (const name of events) window.removeEventListener(name, stop, { capture: true });
  };
  look();
}
