import * as vscode from "vscode";
import type { ReviewToView } from "../protocol/review.js";
import { ErrataError } from "../protocol/types.js";
import { command } from "./commands.js";
import { CorrectionFiles, type CorrectionKind, pathOf, placeOf } from "./correction-files.js";
import { PoolStore } from "./correction-store.js";
import type { Services } from "./services.js";

const SCHEME = "errata-correction";
/** What is typed reaches the Review panel this often at most, in milliseconds. */
const TYPED_MS = 60;

const uriOf = (kind: CorrectionKind, attemptId: number): vscode.Uri =>
  vscode.Uri.from({ scheme: SCHEME, path: pathOf({ kind, attemptId }) });

/** Corrections in editors of their own: with undo, find and the person's keys, saved into the pool. */
export class Corrections implements vscode.FileSystemProvider, vscode.Disposable {
  private readonly files: CorrectionFiles;
  private readonly fileChanged = new vscode.EventEmitter<vscode.FileChangeEvent[]>();
  readonly onDidChangeFile = this.fileChanged.event;
  private readonly waiting = new Map<number, NodeJS.Timeout>();
  private readonly subscriptions: vscode.Disposable[];

  constructor(
    private readonly services: Services,
    /** To the Review panel, if it is there. */
    private readonly tell: (message: ReviewToView) => void,
  ) {
    this.files = new CorrectionFiles(new PoolStore(services));
    this.subscriptions = [
      this.fileChanged,
      vscode.workspace.registerFileSystemProvider(SCHEME, this, { isCaseSensitive: true }),
      vscode.workspace.onDidChangeTextDocument(({ document }) => this.typed(document)),
      vscode.workspace.onDidOpenTextDocument((document) => this.typed(document)),
      vscode.window.tabGroups.onDidChangeTabs(({ opened, closed }) => {
        for (const tab of closed) this.closed(tab);
        if (opened.some((tab) => correctionIn(tab))) this.ready();
      }),
      services.onDidChangePool(() => void this.look()),
    ];
    command(services, "compareWithModel", ["folder"], (...args) => this.compare("model", args));
    command(services, "compareWithFailed", ["folder"], (...args) => this.compare("failed", args));
  }

  /**
   * Opens the correction beside the panel, as `text` has it: what is not saved yet can be undone there. One that is
   * open already is shown as it stands.
   */
  async open(attemptId: number, text: string): Promise<void> {
    const uri = uriOf("correction", attemptId);
    const tab = tabOf(uri);
    const document = await vscode.workspace.openTextDocument(uri);
    const editor = await vscode.window.showTextDocument(document, {
      viewColumn: tab?.group.viewColumn ?? vscode.ViewColumn.Beside,
      preview: false,
    });
    const here = document.getText();
    if (!tab && this.services.trusted && lines(here) !== lines(text)) {
      const all = new vscode.Range(document.positionAt(0), document.positionAt(here.length));
      await editor.edit((edit) => edit.replace(all, text));
    }
    this.send(document);
  }

  /** Tells the panel, whose page may be new, of what is being written elsewhere. */
  ready(): void {
    for (const document of vscode.workspace.textDocuments) this.send(document);
  }

  watch(): vscode.Disposable {
    // Changes of the pool are heard anyway.
    return new vscode.Disposable(() => {});
  }

  async stat(uri: vscode.Uri): Promise<vscode.FileStat> {
    if (uri.path === "/") return { type: vscode.FileType.Directory, ctime: 0, mtime: 0, size: 0 };
    const { size, mtime, readOnly } = await this.files.stat(uri.path).catch(refuse);
    const permissions = readOnly ? { permissions: vscode.FilePermission.Readonly } : {};
    return { type: vscode.FileType.File, ctime: 0, mtime, size, ...permissions };
  }

  readFile(uri: vscode.Uri): Promise<Uint8Array> {
    return this.files.read(uri.path).catch(refuse);
  }

  async writeFile(uri: vscode.Uri, content: Uint8Array): Promise<void> {
    await this.files.write(uri.path, content).catch(refuse);
    this.services.done("reviewed");
    this.fileChanged.fire([{ type: vscode.FileChangeType.Changed, uri }]);
  }

  readDirectory(): [string, vscode.FileType][] {
    return [];
  }
  createDirectory(uri: vscode.Uri): void {
    throw vscode.FileSystemError.NoPermissions(uri);
  }
  delete(uri: vscode.Uri): void {
    throw vscode.FileSystemError.NoPermissions(uri);
  }
  rename(uri: vscode.Uri): void {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  private async compare(kind: "model" | "failed", args: unknown[]): Promise<void> {
    const [given] = args;
    const uri = given instanceof vscode.Uri ? given : vscode.window.activeTextEditor?.document.uri;
    const place = uri?.scheme === SCHEME ? placeOf(uri.path) : undefined;
    if (!place) {
      throw new ErrataError(
        "No correction is open in an editor.",
        "Open one from the Review panel with Shift+E.",
        "no-correction",
      );
    }
    const { attemptId } = place;
    const title = kind === "model" ? "the model’s ↔ yours" : "failed ↔ yours";
    await vscode.commands.executeCommand(
      "vscode.diff",
      uriOf(kind, attemptId),
      uriOf("correction", attemptId),
      `Correction ${attemptId}: ${title}`,
    );
  }

  /** Another window, or the panel, may have stored a correction that is open here. */
  private async look(): Promise<void> {
    const paths = await this.files.changed();
    if (paths.length === 0) return;
    this.fileChanged.fire(
      paths.map((path) => ({
        type: vscode.FileChangeType.Changed,
        uri: vscode.Uri.from({ scheme: SCHEME, path }),
      })),
    );
  }

  private typed(document: vscode.TextDocument): void {
    const id = correctionOf(document.uri);
    if (id === undefined || this.waiting.has(id)) return;
    this.waiting.set(
      id,
      setTimeout(() => {
        this.waiting.delete(id);
        this.send(document);
      }, TYPED_MS),
    );
  }

  private send(document: vscode.TextDocument): void {
    const attemptId = correctionOf(document.uri);
    // VS Code keeps a document for a while after its editor was closed.
    if (attemptId === undefined || !tabOf(document.uri)) return;
    this.tell({ type: "draft", attemptId, text: lines(document.getText()) });
  }

  private closed(tab: vscode.Tab): void {
    const uri = correctionIn(tab);
    const attemptId = uri && correctionOf(uri);
    if (!uri || attemptId === undefined || tabOf(uri)) return;
    this.files.closed(attemptId);
    this.tell({ type: "draft", attemptId, text: null });
  }

  dispose(): void {
    for (const timer of this.waiting.values()) clearTimeout(timer);
    for (const subscription of this.subscriptions) subscription.dispose();
  }
}

function correctionOf(uri: vscode.Uri): number | undefined {
  const place = uri.scheme === SCHEME ? placeOf(uri.path) : undefined;
  return place?.kind === "correction" ? place.attemptId : undefined;
}

/** What can be written in a tab, if that is a correction: in an editor, or on the right of a comparison. */
function correctionIn({ input }: vscode.Tab): vscode.Uri | undefined {
  const uri =
    input instanceof vscode.TabInputText
      ? input.uri
      : input instanceof vscode.TabInputTextDiff
        ? input.modified
        : undefined;
  return uri?.scheme === SCHEME ? uri : undefined;
}

function tabOf(uri: vscode.Uri): vscode.Tab | undefined {
  return vscode.window.tabGroups.all
    .flatMap(({ tabs }) => tabs)
    .find((tab) => correctionIn(tab)?.toString() === uri.toString());
}

const lines = (text: string): string => text.replace(/\r\n?/g, "\n");

/** VS Code shows the words of a file system's error in the editor, or in the notification of a failed save. */
function refuse(error: unknown): never {
  if (!(error instanceof ErrataError)) throw error;
  const words = [error.message, error.hint].filter(Boolean).join(" ");
  if (error.code === "untrusted" || error.code === "read-only")
    throw vscode.FileSystemError.NoPermissions(words);
  throw vscode.FileSystemError.Unavailable(words);
}
