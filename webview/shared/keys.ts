import { isPressable, isTextField } from "./toolkit.js";

const MODIFIERS: ReadonlySet<string> = new Set([
  ...["Alt", "AltGraph", "CapsLock", "Control", "Dead", "Fn", "Hyper", "Meta", "NumLock", "ScrollLock"],
  ...["Process", "Shift", "Super", "Unidentified"],
]);

/** True inside what is marked `data-own-keys`: a list or a dialog whose letters are its own, and no commands. */
function hasOwnKeys(element: Element | null): boolean {
  return element?.closest("[data-own-keys]") != null;
}

/** The browser's name of a key, after those that are held with it: "e", "?", "Escape", "ctrl+f", "shift+Enter". */
function nameOf(event: KeyboardEvent): string {
  const held = event.ctrlKey || event.metaKey || event.altKey;
  const plain = event.key.length === 1;
  const parts = [
    event.ctrlKey ? "ctrl" : "",
    event.altKey ? "alt" : "",
    event.metaKey ? "meta" : "",
    // A letter by itself says that it is a capital.
    event.shiftKey && (held || !plain) ? "shift" : "",
    held && plain ? event.key.toLowerCase() : event.key,
  ];
  return parts.filter(Boolean).join("+");
}

/**
 * VS Code forwards the keys of a webview to its keybindings. These rules keep what is typed in a text field from
 * becoming commands, keep Space and Enter on a button from also being one, and tell the host when our keys count.
 */
export function watchKeys(on: {
  focus(focused: boolean, typing: boolean): void;
  /**
   * A key, by name, that VS Code may make a command of; `typing`: in a text field or a list, where only Escape,
   * function keys and keys with modifiers are commands. True: it has acted already, and must not be typed as well.
   */
  pressed(key: string, typing: boolean): boolean;
}): void {
  const tell = (): void => {
    const { activeElement } = document;
    on.focus(document.hasFocus(), isTextField(activeElement) || hasOwnKeys(activeElement));
  };
  window.addEventListener("focus", tell);
  window.addEventListener("blur", tell);
  document.addEventListener("focusin", tell);
  // The panel may have the focus before this script runs, and then no event says so.
  tell();
  // The focus is still on its way when this event comes.
  document.addEventListener("focusout", () => setTimeout(tell));

  document.addEventListener("keydown", (event) => {
    const modified = event.ctrlKey || event.metaKey || event.altKey;
    // The target: a letter that chose something has closed its list by now, and is no command all the same.
    const typing =
      isTextField(document.activeElement) || (event.target instanceof Element && hasOwnKeys(event.target));
    if (typing) {
      // The browser selects at once; VS Code's own command would select again, after more was typed, and the
      // next letter would replace it all. (On a Mac, Cmd+A works only through VS Code.)
      const selects = event.ctrlKey && event.key.toLowerCase() === "a" && isTextField(document.activeElement);
      if (selects || (!modified && event.key !== "Escape" && !/^F\d+$/.test(event.key))) {
        event.stopPropagation();
        return;
      }
    } else if (!modified) {
      if (isPressable(document.activeElement) && (event.key === " " || event.key === "Enter")) {
        event.stopPropagation();
        return;
      }
      // These move the step cursor and the queue; they must not scroll as well.
      if (event.key === " " || event.key === "ArrowDown" || event.key === "ArrowUp") event.preventDefault();
    }
    if (!MODIFIERS.has(event.key) && on.pressed(nameOf(event), typing)) event.preventDefault();
  });

  // A button that was clicked with the mouse must not keep the keys: Space would press it again.
  document.addEventListener("click", (event) => {
    const active = document.activeElement;
    if (event.detail > 0 && isPressable(active) && active instanceof HTMLElement) active.blur();
  });
}
