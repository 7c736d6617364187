import * as vscode from "vscode";
import { unlinked } from "../protocol/latex.js";
import { ErrataError, type Progress, type Report } from "../protocol/types.js";
import { CONTEXT } from "./names.js";
import { spaced } from "./spaced.js";
import { describe, duration } from "./words.js";

/** Between two reports to the window. */
const SPACED_MS = 250;

export interface Job {
  /** What people call it: "Sampling linear-train.jsonl". */
  title: string;
  /** It samples: a click on the status bar shows it live. */
  watch?: true;
  /** A panel shows how it goes, and can cancel it: no notification, until `surface` is asked for one. */
  quiet?: true;
  /** Rejecting with the signal's own reason counts as a cancellation, not as an error. */
  run(report: Report, signal: AbortSignal): Promise<void>;
}

export interface Background {
  text: string;
  command: string;
  argument: unknown;
}

/**
 * Long work that a person asked for. One job at a time: the engine has one model loaded and the machine one
 * set of cores, so a second request says what is running instead of making both slow. What a job has finished
 * is stored as it goes; Cancel only ends what is still to come.
 */
export class Work implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem(
    "errata.work",
    vscode.StatusBarAlignment.Left,
    10,
  );
  private readonly changed = new vscode.EventEmitter<void>();
  private current:
    | {
        title: string;
        watch: boolean;
        controller: AbortController;
        ended: Promise<void>;
        /** Shows a notification until it ends. */
        notify(): void;
      }
    | undefined;
  private behind: Background | undefined;
  readonly onDidChange = this.changed.event;

  constructor(private readonly fail: (error: unknown) => void) {
    this.item.name = "Errata";
  }

  get running(): string | undefined {
    return this.current?.title;
  }

  /** What goes on by itself, a run: in the status bar while no job is. */
  background(what: Background | undefined): void {
    this.behind = what;
    if (!this.current) this.idle();
  }

  /** Ends the running job; resolves when it has ended. */
  async stop(): Promise<void> {
    const current = this.current;
    current?.controller.abort();
    await current?.ended;
  }

  /** True when the job ended by itself, false when it was cancelled or failed (the person has been told). */
  async start(job: Job): Promise<boolean> {
    if (this.current) {
      this.fail(
        new ErrataError(
          `${this.current.title} is still running.`,
          "Wait for it, or stop it: what it finished is kept.",
          "busy",
        ),
      );
      return false;
    }
    const controller = new AbortController();
    let ended: () => void = () => {};
    const over = new Promise<void>((resolve) => (ended = resolve));
    const told = this.notification(job.title, controller, over);
    this.current = {
      ...{ title: job.title, watch: job.watch ?? false },
      ...{ controller, ended: over, notify: told.show },
    };
    const progress = spaced((now) => {
      told.report(now);
      this.show(job.title, now);
    }, SPACED_MS);
    this.mark(true);
    if (!job.quiet) told.show();
    try {
      progress.report({ stage: "Starting", done: 0, total: 0 });
      await job.run(progress.report, controller.signal);
      return !controller.signal.aborted;
    } catch (error) {
      if (controller.signal.aborted)
        vscode.window.setStatusBarMessage(`$(debug-stop) Stopped; what was finished is kept`, 5000);
      else this.fail(error);
      return false;
    } finally {
      progress.end();
      this.current = undefined;
      this.mark(false);
      ended();
    }
  }

  /** The panel of a quiet job is gone: the notification shows it from now on. */
  surface(title: string): void {
    if (this.current?.title === title) this.current.notify();
  }

  /** Progress of a job with Cancel, from when it is first asked for until `over`. */
  private notification(
    title: string,
    controller: AbortController,
    over: Promise<void>,
  ): { show(): void; report: Report } {
    let last: Progress = { stage: "Starting", done: 0, total: 0 };
    let tell: Report | undefined;
    const show = (): void => {
      if (tell) return;
      let shown = 0;
      const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
      tell = () => undefined;
      void vscode.window.withProgress(options, async (progress, token) => {
        token.onCancellationRequested(() => controller.abort());
        tell = (now) => {
          const percent = now.total > 0 ? (100 * now.done) / now.total : 0;
          progress.report({ message: unlinked(describe(now)), increment: Math.max(0, percent - shown) });
          shown = Math.max(shown, percent);
        };
        tell(last);
        await over;
      });
    };
    const report: Report = (now) => {
      last = now;
      tell?.(now);
    };
    return { show, report };
  }

  private mark(on: boolean): void {
    if (on) this.item.command = this.current?.watch ? "errata.watch" : "errata.stop";
    else this.idle();
    void vscode.commands.executeCommand("setContext", CONTEXT.working, on);
    this.changed.fire();
  }

  private idle(): void {
    if (!this.behind) {
      this.item.hide();
      return;
    }
    const { text, command, argument } = this.behind;
    this.item.text = `$(graph-line) ${text}`;
    this.item.tooltip = "Click to open the run";
    this.item.command = { command, title: "Open", arguments: [argument] };
    this.item.show();
  }

  private show(title: string, now: Progress): void {
    const left = now.secondsLeft === undefined ? "" : ` · ${duration(now.secondsLeft)} left`;
    const count = now.total > 0 ? ` ${now.done}/${now.total}` : "";
    this.item.show();
    this.item.text = `$(loading~spin) ${now.stage}${count}${left}`;
    const click = this.current?.watch
      ? "Click to watch. Stop What Is Running, in the Error Pool's menu, ends it; what is finished is kept."
      : "Click to stop; what is finished is kept.";
    this.item.tooltip = `${title}\n${describe(now)}\n${click}`;
  }

  dispose(): void {
    this.current?.controller.abort();
    this.item.dispose();
    this.changed.dispose();
  }
}
