import { html, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import type {
  ImportFromView,
  ImportMapping,
  ImportMemory,
  ImportState,
  ImportToView,
} from "../../src/protocol/import.js";
import { Host } from "../shared/host.js";
import { ListPage } from "../shared/list-page.js";
import { isPressable, isTextField, registerToolkit } from "../shared/toolkit.js";
import { type FieldActions, fields, mapping, names } from "./fields.js";
import { type FirstActions, first } from "./first.js";
import { found } from "./found.js";
import { callouts, figures, type HeadActions, header } from "./head.js";
import { OWN, stem } from "./words.js";
import "../shared/math.js";
import "./import.css";

registerToolkit();

@customElement("errata-import")
export class ImportApp extends ListPage {
  @state() private shown: ImportState | null = null;
  /** What the person chose of the columns; the rest is proposed. */
  @state() private chosen: Partial<Record<keyof ImportMapping, string>> = {};
  @state() private at = 0;
  @state() private raw = false;
  @state() private more = false;
  /** Names that the person gave. */
  private given: { set: string | null; model: string | null } = { set: null, model: null };
  private readonly host = new Host<ImportToView, ImportFromView, ImportMemory>(({ state: next }) => {
    this.shown = next;
    this.at = Math.max(0, Math.min(this.at, (next.preview?.first.length ?? 1) - 1));
    this.remember();
  });

  protected override ready(): void {
    const { memory } = this.host;
    if (memory) {
      this.chosen = memory.mapping;
      this.given = { set: memory.set, model: memory.model };
      this.at = memory.at;
    }
    this.host.post({ type: "ready" });
  }

  private remember(): void {
    const file = this.shown?.file;
    if (file)
      this.host.memory = {
        file,
        ...{ companion: this.shown?.companion ?? null, problems: this.shown?.problems ?? null },
        mapping: this.chosen,
        ...this.given,
        at: this.at,
      };
  }

  private readonly head: HeadActions = {
    start: () => this.host.post({ type: "import" }),
    cancel: () => this.host.post({ type: "cancel" }),
    again: () => this.host.post({ type: "again" }),
    companion: () => this.host.post({ type: "companion" }),
    problems: () => this.host.post({ type: "problems" }),
    sample: () => this.host.post({ type: "sample" }),
    showPool: () => this.host.post({ type: "showPool" }),
  };

  private readonly field: FieldActions = {
    choose: (role, column) => {
      this.chosen = { ...this.chosen, [role]: column };
      this.host.post({ type: "mapping", mapping: this.chosen });
      this.remember();
    },
    more: () => {
      this.more = !this.more;
    },
    set: (name) => this.name({ set: name.trim() || null }),
    model: (name) => this.name({ model: name.trim() || null }),
  };

  private name(more: Partial<typeof this.given>): void {
    this.given = { ...this.given, ...more };
    this.host.post({ type: "names", ...this.given });
    this.remember();
  }

  private readonly look: FirstActions = {
    go: (by) => {
      const most = (this.shown?.preview?.first.length ?? 1) - 1;
      this.at = Math.max(0, Math.min(most, this.at + by));
      this.remember();
    },
    raw: () => {
      this.raw = !this.raw;
    },
  };

  protected override readonly pressed = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { activeElement } = document;
    if (isTextField(activeElement) || activeElement instanceof HTMLSelectElement) return;
    if (isPressable(activeElement) && (event.key === " " || event.key === "Enter")) return;
    if (event.key === "j") this.look.go(1);
    else if (event.key === "k") this.look.go(-1);
    else if (event.key === "r") this.look.raw();
    else return;
    event.preventDefault();
  };

  protected override render(): TemplateResult {
    const { shown } = this;
    if (!shown) return html`<main aria-busy="true"></main>`;
    const { preview, progress, ended, busy } = shown;
    const closed = progress !== null || ended?.ok === true;
    return html`${header(shown, this.head)}
      <main tabindex="-1" aria-busy=${busy ? "true" : "false"}>
        ${callouts(shown, this.head)}
        ${
          preview?.format === OWN
            ? html`<p class="own">
                An export of Errata’s own. Its problems, attempts, reflections and all that people said are taken
                in as they are; what is here already is not added twice.
              </p>`
            : nothing
        }
        ${
          preview && preview.format !== OWN
            ? html`${figures(preview)}
                <div class="two">
                  <div>
                    ${preview.mapping ? mapping(preview, { chosen: new Set(Object.keys(this.chosen)), more: this.more, closed }, this.field) : fields(preview)}
                  </div>
                  <div>${names(shown, closed, this.field)} ${found(preview, shown.names.model || stem(shown.file))}</div>
                </div>
                ${first(preview, this.at, this.raw, this.look)}`
            : nothing
        }
      </main>`;
  }
}
