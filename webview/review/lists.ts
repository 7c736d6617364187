import { html, nothing, type TemplateResult } from "lit";
import type { Choice } from "../../src/protocol/rubric.js";
import { icon, key } from "../shared/parts.js";
import type { ItemView } from "./context.js";

/** Moves the focus among the options of a list box, and says which key was meant for it. */
export function moveInList(event: KeyboardEvent): boolean {
  const list = event.currentTarget;
  if (!(list instanceof HTMLElement)) return false;
  const options = [...list.querySelectorAll<HTMLElement>('[role="option"]:not([aria-disabled="true"])')];
  const at = options.findIndex((option) => option === document.activeElement);
  const last = options.length - 1;
  const to = {
    ArrowDown: at < last ? at + 1 : 0,
    ArrowRight: at < last ? at + 1 : 0,
    ArrowUp: at > 0 ? at - 1 : last,
    ArrowLeft: at > 0 ? at - 1 : last,
    Home: 0,
    End: last,
  }[event.key];
  if (to === undefined) return false;
  event.preventDefault();
  options[to]?.focus();
  options[to]?.scrollIntoView({ block: "nearest" });
  return true;
}

/** The list of error types or of labels, while it is open: its own letters choose, and are no commands meanwhile. */
export function choiceList(view: ItemView): TemplateResult | typeof nothing {
  const { list } = view;
  const { rubric } = view.state;
  const { mine } = view.item;
  if (list === "errorType") {
    const chosen = mine.errorType === undefined ? [] : [mine.errorType];
    return panel(view, "Error type", rubric.errorTypes, chosen, false);
  }
  if (list === "label") return panel(view, "Labels", rubric.labels, mine.labels, true);
  return nothing;
}

function panel(
  view: ItemView,
  title: string,
  choices: readonly Choice[],
  chosen: readonly string[],
  several: boolean,
): TemplateResult {
  return html`<section
    class="choices"
    role="dialog"
    aria-labelledby="choices-title"
    data-own-keys
    @focusout=${(event: FocusEvent) => {
      const { currentTarget, relatedTarget } = event;
      const inside = currentTarget instanceof Node && relatedTarget instanceof Node;
      if (inside && !currentTarget.contains(relatedTarget)) view.leave();
    }}
  >
    <div class="line">
      <h2 id="choices-title">${title}</h2>
      <span class="push"></span>
      <button type="button" class="plain" aria-label="Close" @click=${view.leave}>${icon("close")}</button>
    </div>
    ${choices.length === 0 ? none(title) : box(view, choices, chosen, several)}
  </section>`;
}

function box(
  view: ItemView,
  choices: readonly Choice[],
  chosen: readonly string[],
  several: boolean,
): TemplateResult {
  const letter = (pressed: string): Choice | undefined =>
    choices.find((choice) => choice.key?.toLowerCase() === pressed.toLowerCase());
  return html`<div
      role="listbox"
      aria-labelledby="choices-title"
      aria-multiselectable=${several ? "true" : nothing}
      @keydown=${(event: KeyboardEvent) => {
        if (event.ctrlKey || event.metaKey || event.altKey || moveInList(event)) return;
        const focused = document.activeElement?.getAttribute("data-id");
        const id = letter(event.key)?.id ?? (event.key === " " || event.key === "Enter" ? focused : null);
        if (!id) return;
        event.preventDefault();
        view.pick(id);
        if (several && event.key === "Enter") view.leave();
      }}
    >
      ${choices.map((choice) => option(view, choice, chosen.includes(choice.id)))}
    </div>
    <p class="faint">
      ${several ? html`${key("Space")} on, off · ${key("⏎", "Esc")} close` : html`${key("⏎")} choose; again takes it back · ${key("Esc")} close`}
    </p>`;
}

function option(view: ItemView, choice: Choice, on: boolean): TemplateResult {
  return html`<div
    role="option"
    class="choice"
    tabindex="-1"
    data-id=${choice.id}
    aria-selected=${on ? "true" : "false"}
    aria-keyshortcuts=${choice.key ?? nothing}
    @click=${() => view.pick(choice.id)}
  >
    <span class="tick">${on ? icon("check") : nothing}</span>
    <span class="letter" aria-hidden="true">${choice.key ? key(choice.key) : nothing}</span>
    <span class="words">
      <span class="title">${choice.title}</span>
      ${choice.description ? html`<span class="faint">${choice.description}</span>` : nothing}
    </span>
  </div>`;
}

const none = (title: string): TemplateResult =>
  html`<p class="none" tabindex="-1">
    ${title} are written in <code>.errata/rubric.json</code>; this workspace has none yet.
  </p>`;
