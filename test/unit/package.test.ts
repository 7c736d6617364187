import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { assetFile, installationFolder } from "../../src/protocol/paths.js";
import { COMMANDS, CONTEXT, PANELS, REVIEW_COMMANDS, STEPS, VIEWS } from "../../src/ui/names.js";
import { SETTINGS } from "../../src/ui/settings.js";
import { sources } from "./house.js";

interface Contribution {
  command?: string;
  submenu?: string;
  when?: string;
  key?: string;
  group?: string;
}
const pkg = JSON.parse(readFileSync(assetFile("package.json"), "utf8"));
const { contributes } = pkg;
const menus = Object.values<Contribution[]>(contributes.menus).flat();
const code = sources("src/ui", "src/extension.ts")
  .map(({ text }) => text)
  .join("\n");

const contributed: string[] = contributes.commands.map((c: Contribution) => c.command);
const implemented = [
  ...COMMANDS.map((name) => `errata.${name}`),
  ...REVIEW_COMMANDS.map((action) => `errata.review.${action}`),
];

describe("what package.json contributes and what the code knows are the same", () => {
  test("commands", () => {
    expect(contributed.toSorted()).toEqual(implemented.toSorted());
    expect(new Set(contributed).size).toBe(contributed.length);
  });

  test("every command is registered", () => {
    for (const name of COMMANDS) {
      expect(code, name).toMatch(new RegExp(`command\\(\\s*services,\\s*"${name}"`));
    }
  });

  test("every command has the category and a title that begins with a capital", () => {
    for (const { category, title } of contributes.commands) {
      expect(category).toBe("Errata");
      expect(title).toMatch(/^[A-Z][^.]*$/u);
    }
  });

  test("menus, keys, welcomes and the walkthrough name commands that exist", () => {
    const linked = [...JSON.stringify(contributes).matchAll(/\(command:(errata\.[\w.]+)\)/g)].map(
      ([, id]) => id,
    );
    const used = [...menus, ...contributes.keybindings]
      .filter(({ submenu }: Contribution) => submenu === undefined)
      .map(({ command }: Contribution) => command);
    expect(linked.length).toBeGreaterThan(10);
    for (const id of [...linked, ...used]) expect(contributed).toContain(id);
    const submenus: string[] = (contributes.submenus ?? []).map(({ id }: { id: string }) => id);
    expect(menus.flatMap(({ submenu }) => submenu ?? []).toSorted()).toEqual(submenus.toSorted());
    for (const id of submenus) expect(Object.keys(contributes.menus)).toContain(id);
  });

  test("commands that the code calls by id exist", () => {
    const ids = [...code.matchAll(/["'(](errata\.[a-z]\w*(?:\.\w+)?)["')]/g)].map(([, id]) => id ?? "");
    const known = new Set<string>([
      ...contributed,
      ...Object.values(VIEWS),
      ...Object.values(PANELS),
      ...Object.values(CONTEXT),
      ...SETTINGS.map((key) => `errata.${key}`),
    ]);
    // Keys of the workspace's memento and of the status bar are the code's own.
    const own =
      /^errata\.(pool\.(view|saved|noIndex|indexStopped)|done|work|comparisons(\.measures)?|review\.last)$/;
    for (const id of ids) if (!own.test(id)) expect(known, id).toContain(id);
  });

  test("views", () => {
    const ids = contributes.views.errata.map(({ id }: { id: string }) => id);
    expect(ids.toSorted()).toEqual(Object.values(VIEWS).toSorted());
    for (const { view } of contributes.viewsWelcome) expect(ids).toContain(view);
  });

  test("settings: the same keys, each with a default, a description and a scope", () => {
    const properties = contributes.configuration.properties;
    expect(Object.keys(properties)).toEqual(SETTINGS.map((key) => `errata.${key}`));
    for (const [key, setting] of Object.entries<Record<string, unknown>>(properties)) {
      expect(setting.default, key).toBeDefined();
      expect(setting.description ?? setting.markdownDescription, key).toMatch(/.{20}/);
      expect(setting.scope, key).toMatch(/^(application|machine|machine-overridable|window|resource)$/);
    }
    for (const key of pkg.capabilities.untrustedWorkspaces.restrictedConfigurations) {
      expect(Object.keys(properties)).toContain(key);
    }
    // A workspace can never name a program.
    expect(properties["errata.python"].scope).toBe("machine");
  });

  test("context keys: every one that a when clause reads is set, and every one that is set is read", () => {
    const clauses = [...menus, ...contributes.keybindings, ...contributes.viewsWelcome].map(
      ({ when }: Contribution) => when ?? "",
    );
    const events = contributes.walkthroughs.flatMap((walk: { steps: { completionEvents: string[] }[] }) =>
      walk.steps.flatMap((step) => step.completionEvents.map((event) => event.replace("onContext:", ""))),
    );
    const views: string[] = Object.values(VIEWS);
    const read = new Set(
      [...clauses, ...events].flatMap((text: string) => text.match(/errata\.[\w.]+/g) ?? []),
    );
    for (const id of [...views, ...Object.values(PANELS)]) read.delete(id);
    const set = [...Object.values(CONTEXT), ...STEPS.map((step) => `errata.done.${step}`)];
    expect([...read].toSorted()).toEqual(set.toSorted());
  });

  test("review keys act only while the review has the focus and nothing is typed, and none is bound twice", () => {
    const keys = contributes.keybindings.map(({ key }: Contribution) => key);
    expect(new Set(keys).size).toBe(keys.length);
    const clauses: Record<string, string> = {
      // In a text field alone.
      "errata.review.save": CONTEXT.reviewTyping,
      // Everywhere in the panel; a notification goes first.
      "errata.review.leave": "!notificationToastsVisible",
    };
    for (const { command, when } of contributes.keybindings) {
      // The last three change at once with the focus; the panel's own word of it comes a moment later.
      expect(when).toBe(
        `${CONTEXT.reviewFocused} && ${clauses[command] ?? `!${CONTEXT.reviewTyping}`} && activeWebviewPanelId == ${PANELS.review} && !inputFocus && !listFocus`,
      );
    }
  });

  test("tree items show at most three inline actions", () => {
    const inline = contributes.menus["view/item/context"].filter(({ group }: Contribution) =>
      group?.startsWith("inline"),
    );
    for (const view of Object.values(VIEWS)) {
      const actions = inline.filter(({ when }: Contribution) => when?.includes(`view == ${view} `));
      expect(actions.length, view).toBeLessThanOrEqual(3);
    }
  });

  test("pictures and the schema are there, and panels wake the extension", () => {
    const files = [...JSON.stringify(contributes).matchAll(/"(?:\.\/)?((?:media|schemas)\/[^"]+)"/g)];
    expect(files.length).toBeGreaterThan(6);
    for (const [, file] of files) expect(existsSync(join(installationFolder(), file ?? "")), file).toBe(true);
    for (const id of Object.values(PANELS)) expect(pkg.activationEvents).toContain(`onWebviewPanel:${id}`);
  });

  test("what does not work in an untrusted or virtual workspace says why", () => {
    const { untrustedWorkspaces, virtualWorkspaces } = pkg.capabilities;
    expect(untrustedWorkspaces.supported).toBe("limited");
    expect(virtualWorkspaces.supported).toBe(false);
    for (const { description } of [untrustedWorkspaces, virtualWorkspaces])
      expect(description).toMatch(/.{40}/);
    expect(pkg.extensionKind).toEqual(["workspace"]);
  });
});
