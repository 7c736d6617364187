import { diffArrays } from "diff";
import { html, nothing, type TemplateResult } from "lit";
import type { ReviewItem, SiblingCluster, SiblingView } from "../../src/protocol/review.js";
import type { Step } from "../../src/protocol/steps.js";
import { answer, icon, key, TONE, verdictChip } from "../shared/parts.js";
import { steps } from "../shared/steps.js";
import { type ItemView, keyOf, withheld } from "./context.js";
import { bar, headline, passFigures } from "./group-card.js";
import { moveInList } from "./lists.js";

/** Why there are no attempts to set beside this one; null where there are. */
export function noSiblings({ hidden, siblings: clusters }: ReviewItem): string | null {
  if (hidden) return "Blind mode: other attempts are hidden until you have judged this one.";
  return clusters.reduce((n, c) => n + c.attemptIds.length, 0) < 2
    ? "There is no other attempt at this problem."
    : null;
}

/** The problem's attempts, clustered by answer; open, each of them can be set beside the one under review. */
export function siblings(view: ItemView): TemplateResult | typeof nothing {
  const { hidden, siblings: clusters } = view.item;
  if (!hidden && noSiblings(view.item) !== null) return nothing;
  const total = clusters.reduce((n, c) => n + c.attemptIds.length, 0);
  const open = view.list === "siblings";
  return html`<section class="siblings" aria-label="Attempts at this problem">
    <div class="line">
      <h2>Attempts at this problem</h2>
      ${
        hidden
          ? nothing
          : html`<button
              type="button"
              class="tool"
              aria-expanded=${open ? "true" : "false"}
              @click=${() => view.toggleList("siblings")}
            >
              ${icon("split-horizontal")}side by side ${keyOf("siblings")}
            </button>`
      }
    </div>
    ${
      hidden
        ? html`<div class="chips">${withheld("answers hidden until you have judged")}</div>`
        : html`<div class="chips">
            ${clusters.map((c) => cluster(view, c))}
            <span class="figures"
              >${total} attempts, ${clusters.length} ${clusters.length === 1 ? "answer" : "answers"},
              ${entropy(clusters, total).toFixed(1)} bits</span
            >
          </div>`
    }
    ${open ? every(view, clusters, total) : nothing}
  </section>`;
}

/** Of its attempts the one after that which is shown, round and round. */
function cluster(view: ItemView, c: SiblingCluster): TemplateResult {
  const { attemptId } = view.item;
  const here = c.attemptIds.includes(attemptId);
  const rest = c.attemptIds.filter((id) => id !== attemptId);
  const next = rest[(rest.indexOf(view.sibling?.attemptId ?? -1) + 1) % rest.length];
  const n = c.attemptIds.length;
  return html`<button
    type="button"
    class="chip ${TONE[c.verdict]} ${here ? "here" : ""}"
    title="${n} ${n === 1 ? "attempt" : "attempts"}, ${c.verdict}${next === undefined ? "" : "; shows one beside this"}"
    aria-current=${here ? "true" : nothing}
    ?disabled=${next === undefined}
    @click=${() => view.beside(next ?? null)}
  >
    ${answer(c.answer, view.raw)}${n > 1 ? html`<span class="times">×${n}</span>` : nothing}
  </button>`;
}

function every(view: ItemView, clusters: readonly SiblingCluster[], total: number): TemplateResult {
  const { card } = view.item;
  return html`<div class="every" data-own-keys>
    ${card ? headline(card, view.raw) : nothing}
    <div
      class="clusters"
      role="listbox"
      aria-label="Attempts by answer; Enter shows one beside this attempt"
      @keydown=${(event: KeyboardEvent) => {
        if (event.ctrlKey || event.metaKey || event.altKey || moveInList(event)) return;
        const id = document.activeElement?.getAttribute("data-id");
        if ((event.key === " " || event.key === "Enter") && id) {
          event.preventDefault();
          view.pick(id);
        } else if (event.key === "s") view.leave();
      }}
    >
      ${clusters.map(
        (
          c,
        ) => html`<div class="cluster" role="group" aria-label="${c.verdict}, answer ${c.answer ?? "nothing"}">
          <span class="of" aria-hidden="true">${verdictChip(c.verdict)} ${answer(c.answer, view.raw)}</span>
          ${bar(c.verdict, c.attemptIds.length, total)} ${c.attemptIds.map((id) => attempt(view, id))}
        </div>`,
      )}
    </div>
    ${card ? passFigures(card) : nothing}
    <p class="faint">${key("↑", "↓")} ${key("⏎")} beside this one · ${key("Esc")} close</p>
  </div>`;
}

function attempt(view: ItemView, id: number): TemplateResult {
  const own = id === view.item.attemptId;
  return html`<span
    role="option"
    class="attempt"
    tabindex="-1"
    data-id=${id}
    aria-selected=${view.sibling?.attemptId === id ? "true" : "false"}
    aria-disabled=${own ? "true" : nothing}
    @click=${() => {
      if (!own) view.pick(String(id));
    }}
    >${own ? `${id}, this one` : id}</span
  >`;
}

const bare = (step: Step): string => step.text.replace(/\s+/g, "");

type Differing = readonly [ReadonlySet<number>, ReadonlySet<number>];
/** Both columns ask for the same two, in every drawing. */
let latest: { left: readonly Step[]; right: readonly Step[]; found: Differing } | undefined;

/** Numbers of the steps that the other solution does not have, each of one side and of the other. */
export function differing(left: readonly Step[], right: readonly Step[]): Differing {
  if (latest?.left !== left || latest.right !== right) latest = { left, right, found: compared(left, right) };
  return latest.found;
}

function compared(left: readonly Step[], right: readonly Step[]): Differing {
  const only: [Set<number>, Set<number>] = [new Set(), new Set()];
  let [l, r] = [0, 0];
  const changes = diffArrays(left.map(bare), right.map(bare), { timeout: 100 });
  // Solutions that have next to nothing in common take too long to compare: then every line differs.
  if (!changes) return [new Set(left.map((s) => s.n)), new Set(right.map((s) => s.n))];
  for (const { added, removed, count } of changes) {
    for (let i = 0; i < count; i++) {
      const a = added ? undefined : left[l++];
      const b = removed ? undefined : right[r++];
      if (a && !b) only[0].add(a.n);
      if (b && !a) only[1].add(b.n);
    }
  }
  return only;
}

/** The attempt that stands beside the item. */
export function beside(view: ItemView, sibling: SiblingView): TemplateResult {
  const [, differ] = differing(view.item.solution.steps, sibling.solution.steps);
  return html`<section class="sibling" aria-label="Attempt ${sibling.attemptId}, beside">
    <div class="line">
      <h2>Sample ${sibling.sample + 1}</h2>
      ${verdictChip(sibling.verdict)}
      <span class="read" title=${sibling.reason}
        >read <span class="boxed">${answer(sibling.solution.answer, view.raw)}</span>
        ${sibling.modelId === view.item.modelId ? nothing : html` · by ${sibling.modelId}`}</span
      >
      <span class="push"></span>
      <button type="button" class="tool" @click=${() => view.openAttempt(sibling.attemptId)}>
        ${icon("go-to-file")}Review this one
      </button>
      <button type="button" class="tool" aria-label="Close" title="Close (Esc)" @click=${() => view.beside(null)}>
        ${icon("close")}
      </button>
    </div>
    ${
      sibling.solution.steps.length === 0
        ? html`<p class="none">The model wrote nothing.</p>`
        : steps(sibling.solution, {
            raw: view.raw,
            label: `Steps of attempt ${sibling.attemptId}`,
            tone: (step) => (differ.has(step.n) ? "differs" : ""),
            remark: (step) => (differ.has(step.n) ? html`<span class="unseen">differs</span>` : nothing),
          })
    }
  </section>`;
}

/** Shannon entropy of the answers, in bits: 0 when every attempt says the same. */
function entropy(clusters: readonly SiblingCluster[], total: number): number {
  return clusters.reduce((h, c) => {
    const p = c.attemptIds.length / total;
    return h - p * Math.log2(p);
  }, 0);
}
