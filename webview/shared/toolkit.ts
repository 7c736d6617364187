/**
 * The only module that knows @vscode/webview-ui-toolkit, whose maintainers have stopped: a swap touches this file
 * and `toolkit.css`. Components are used by their tags in the templates.
 */
import {
  provideVSCodeDesignSystem,
  vsCodeButton,
  vsCodeProgressRing,
  vsCodeTextArea,
} from "@vscode/webview-ui-toolkit";

export function registerToolkit(): void {
  provideVSCodeDesignSystem().register(vsCodeButton(), vsCodeProgressRing(), vsCodeTextArea());
}

/** The text inside a toolkit text area, whatever event it raised. */
export function textOf(event: Event): string {
  const target = event.target;
  return target instanceof HTMLElement && "value" in target && typeof target.value === "string"
    ? target.value
    : "";
}

/** The browser's own text field inside a toolkit text area. */
export function textControl(field: Element | null): HTMLTextAreaElement | null {
  return field?.shadowRoot?.querySelector("textarea") ?? null;
}

/** True for elements in which a person types. */
export function isTextField(element: EventTarget | null | undefined): boolean {
  return (
    element instanceof HTMLElement &&
    (element.matches("vscode-text-area, textarea, input") || element.isContentEditable)
  );
}

/** True for elements that answer to Space and Enter themselves. */
export function isPressable(element: EventTarget | null | undefined): boolean {
  return element instanceof HTMLElement && element.matches("vscode-button, button, a, summary, select");
}
