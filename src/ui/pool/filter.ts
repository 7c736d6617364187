import * as vscode from "vscode";
import type { AttemptQuery, Pool, PoolBucket } from "../../pool/types.js";
import type { Services } from "../services.js";
import { readCatalogue } from "./catalogue.js";
import {
  ASKED,
  type Asked,
  composed,
  holds,
  named,
  sameFilter,
  settled,
  type Tick,
  ticks,
} from "./filter-choices.js";
import { filterWords } from "./filter-words.js";
import { CHOICES } from "./pages.js";
import { askSaveFilter } from "./save-filter.js";
import type { SavedFilter, SavedFilters } from "./saved-filters.js";
import { SearchOffer } from "./search-offer.js";
import type { Catalogue } from "./shape.js";
import { inPick } from "./text.js";
import type { PoolTree } from "./tree.js";
import type { PoolViewState } from "./view.js";

type Row = vscode.QuickPickItem &
  ({ tick: Tick } | { saved: SavedFilter } | { offer: true } | { heading: true });

const SAVE: vscode.QuickInputButton = {
  iconPath: new vscode.ThemeIcon("bookmark"),
  tooltip: "Save This Filter…",
};
const FORGET: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon("trash"), tooltip: "Delete" };
const DISMISS: vscode.QuickInputButton = {
  iconPath: new vscode.ThemeIcon("close"),
  tooltip: "Do Not Offer This Again",
};

/** Text, saved filters and ticks in one box; resolves when it is closed, with the filter that was chosen, if one was. */
export async function askFilter(
  services: Services,
  state: PoolViewState,
  saved: SavedFilters,
  tree: PoolTree,
): Promise<AttemptQuery | undefined> {
  const box = new FilterBox(services, state, saved, new SearchOffer(services, tree));
  return box.ask();
}

class FilterBox {
  private readonly box = vscode.window.createQuickPick<Row>();
  private ticked: Tick[] = [];
  /** What was ticked when the box was last looked at, saved filters with it. */
  private chosen: readonly Row[] = [];
  private all: Tick[] = [];
  private catalogue: Catalogue | undefined;
  private offered: string | undefined;
  private drawn = false;
  private answer: AttemptQuery | undefined;

  constructor(
    private readonly services: Services,
    private readonly state: PoolViewState,
    private readonly saved: SavedFilters,
    private readonly offer: SearchOffer,
  ) {}

  async ask(): Promise<AttemptQuery | undefined> {
    const { box, state } = this;
    box.title = "Filter the Error Pool";
    box.placeholder = "Text to look for; tick what to keep";
    box.canSelectMany = true;
    box.buttons = [SAVE];
    box.value = state.query.text ?? "";
    box.busy = true;
    const closed = new Promise<void>((resolve) => {
      box.onDidHide(() => {
        box.dispose();
        resolve();
      });
    });
    box.onDidAccept(() => this.done(() => this.apply()));
    box.onDidTriggerButton(() => this.done(() => this.save()));
    box.onDidTriggerItemButton(({ item }) => this.done(() => this.press(item)));
    box.onDidChangeSelection((rows) => this.select(rows));
    box.show();
    await this.fill().catch((error: unknown) => {
      box.hide();
      throw error;
    });
    await closed;
    return this.answer;
  }

  /** Everything that happens in the box tells a person when it fails. */
  private done(work: () => Promise<void>): void {
    work().catch((error: unknown) => this.services.fail(error));
  }

  private async fill(): Promise<void> {
    const { services, state } = this;
    const pool = await services.poolIfAny();
    const catalogue = await readCatalogue(services, state.grouping);
    const buckets = pool ? await firstBuckets(pool, state.query) : {};
    this.all = ticks(catalogue, buckets, [state.query, ...this.saved.all.map(({ query }) => query)]);
    this.ticked = this.all.filter((tick) => holds(tick, state.query));
    this.offered = pool && (await this.offer.words(pool));
    this.catalogue = catalogue;
    this.box.busy = false;
    this.draw();
  }

  private draw(): void {
    const { catalogue, box } = this;
    if (!catalogue) return;
    const rows: Row[] = [];
    if (this.saved.all.length > 0) rows.push(heading("Saved filters"));
    for (const saved of this.saved.all) {
      rows.push({
        ...{ saved, alwaysShow: true, buttons: [FORGET], picked: sameFilter(saved.query, this.query) },
        ...{
          label: `$(bookmark) ${inPick(saved.name)}`,
          description: inPick(filterWords(saved.query, catalogue)),
        },
      });
    }
    if (this.offered) {
      rows.push(heading("Search"), {
        ...{ offer: true, alwaysShow: true, buttons: [DISMISS], picked: false },
        ...{ label: "$(database) Index the pool, so that text is found at once", description: this.offered },
      });
    }
    for (const tick of this.all) {
      if (rows.at(-1)?.kind !== SEPARATOR && groupOf(rows.at(-1)) !== tick.group)
        rows.push(heading(tick.group));
      rows.push({
        ...{ tick, label: tick.label, alwaysShow: true, picked: this.ticked.includes(tick) },
        ...(tick.description ? { description: tick.description } : {}),
      });
    }
    this.chosen = rows.filter(({ picked }) => picked);
    box.items = rows;
    box.selectedItems = this.chosen;
    this.drawn = true;
  }

  private get query(): AttemptQuery {
    // Enter may come before the ticks are there.
    if (!this.drawn && this.all.length === 0) {
      const { text: _text, ...rest } = this.state.query;
      return { ...composed(this.box.value, []), ...rest };
    }
    return composed(this.box.value, this.ticked);
  }

  private select(rows: readonly Row[]): void {
    if (!this.drawn) return;
    const now = rows.flatMap((row) => ("tick" in row ? [row.tick] : []));
    const saved = rows.find((row) => "saved" in row && !this.chosen.includes(row));
    if (saved && "saved" in saved) {
      // A saved filter shows what it means; Enter applies it.
      this.box.value = saved.saved.query.text ?? "";
      this.ticked = this.all.filter((tick) => holds(tick, saved.saved.query));
    } else {
      const fresh = now.filter((tick) => !this.ticked.includes(tick));
      // It was typed to find the tick: the box puts those that match first.
      if (named(this.box.value, fresh).length > 0) this.box.value = "";
      this.ticked = settled(this.ticked, now);
    }
    const wanted = this.box.items.filter(
      (row) =>
        ("tick" in row && this.ticked.includes(row.tick)) ||
        ("saved" in row && sameFilter(row.saved.query, this.query)) ||
        ("offer" in row && rows.includes(row)),
    );
    this.chosen = wanted;
    if (wanted.length !== rows.length || wanted.some((row) => !rows.includes(row)))
      this.box.selectedItems = wanted;
  }

  private async apply(): Promise<void> {
    const index = this.box.selectedItems.some((row) => "offer" in row);
    await this.take();
    if (index) await vscode.commands.executeCommand("errata.buildSearchIndex");
  }

  /** The filter is chosen. */
  private async take(): Promise<AttemptQuery> {
    const { query } = this;
    this.answer = query;
    // The rows are asked for while the box goes.
    const kept = this.state.set({ query });
    this.box.hide();
    await kept;
    return query;
  }

  private async save(): Promise<void> {
    await askSaveFilter(this.saved, await this.take());
  }

  private async press(row: Row): Promise<void> {
    if ("saved" in row) await this.saved.remove(row.saved.name);
    else {
      await this.offer.dismiss();
      this.offered = undefined;
    }
    this.draw();
  }
}

const SEPARATOR = vscode.QuickPickItemKind.Separator;
const heading = (label: string): Row => ({ heading: true, label, kind: SEPARATOR });
const groupOf = (row: Row | undefined): string | undefined =>
  row && "tick" in row ? row.tick.group : undefined;

/** Labels, error types and models that there are, within the pool or outside it as the filter says. */
async function firstBuckets(
  pool: Pool,
  { scope }: AttemptQuery,
): Promise<Partial<Record<Asked, PoolBucket[]>>> {
  const lists = await Promise.all(
    ASKED.map(({ grouping }) => pool.buckets(grouping, scope ? { scope } : {}, { limit: CHOICES })),
  );
  return Object.fromEntries(ASKED.map(({ grouping }, i) => [grouping, lists[i] ?? []]));
}
