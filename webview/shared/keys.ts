import { isPressable, isTextField } from "./toolkit.js";

/**
 * VS Code forwards the keys of a webview to its keybindings. These rules keep what is typed in a text field from
 * becoming commands, keep Space and Enter on a button from also being one, and tell the host when our keys count.
 */
export function watchKeys(on: {
  focus(focused: boolean, typing: boolean): void;
  /** Ctrl/Cmd+Enter in a text field. */
  save(): void;
  /** Escape, in a text field or anywhere. */
  leave(): void;
  /** A key without modifiers outside text fields. True: it opened a field, and must not be typed into it. */
  pressed(key: string): boolean;
}): void {
  const tell = (): void => on.focus(document.hasFocus(), isTextField(document.activeElement));
  window.addEventListener("focus", tell);
  window.addEventListener("blur", tell);
  document.addEventListener("focusin", tell);
  // The panel may have the focus before this script runs, and then no event says so.
  tell();
  // The focus is still on its way when this event comes.
  document.addEventListener("focusout", () => setTimeout(tell));

  document.addEventListener("keydown", (event) => {
    const modified = event.ctrlKey || event.metaKey || event.altKey;
    if (isTextField(document.activeElement)) {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        event.stopPropagation();
        on.save();
      } else if (event.key === "Escape") {
        event.stopPropagation();
        on.leave();
      } else if (event.ctrlKey && event.key.toLowerCase() === "a") {
        // The browser selects at once; VS Code's own command would select again, after more was typed, and the
        // next letter would replace it all. (On a Mac, Cmd+A works only through VS Code.)
        event.stopPropagation();
      } else if (!modified && !/^F\d+$/.test(event.key)) event.stopPropagation();
      return;
    }
    if (modified) return;
    if (isPressable(document.activeElement) && (event.key === " " || event.key === "Enter")) {
      event.stopPropagation();
      return;
    }
    // These move the step cursor and the queue; they must not scroll as well.
    if (event.key === " " || event.key === "ArrowDown" || event.key === "ArrowUp") event.preventDefault();
    if (event.key === "Escape") on.leave();
    else if (on.pressed(event.key)) event.preventDefault();
  });

  // A button that was clicked with the mouse must not keep the keys: Space would press it again.
  document.addEventListener("click", (event) => {
    const active = document.activeElement;
    if (event.detail > 0 && isPressable(active) && active instanceof HTMLElement) active.blur();
  });
}
