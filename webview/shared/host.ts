/** The one place that touches VS Code's webview API. */

interface VsCodeApi<Memory> {
  postMessage(message: unknown): void;
  getState(): Memory | undefined;
  setState(state: Memory): void;
}
declare function acquireVsCodeApi<Memory>(): VsCodeApi<Memory>;

/** Typed messages to and from the extension host, and what this view remembers across reloads. */
export class Host<ToView, FromView, Memory> {
  private readonly api = acquireVsCodeApi<Memory>();

  constructor(on: (message: ToView) => void) {
    window.addEventListener("message", (event: MessageEvent<ToView>) => on(event.data));
  }

  /** What the page was made with; nothing in one that was shown before and is older than what it remembers. */
  get first(): ToView | undefined {
    const text = this.memory === undefined ? document.getElementById("first")?.textContent : undefined;
    return text ? (JSON.parse(text) as ToView) : undefined;
  }

  post(message: FromView): void {
    this.api.postMessage(message);
  }

  get memory(): Memory | undefined {
    return this.api.getState();
  }

  set memory(state: Memory | undefined) {
    if (state !== undefined) this.api.setState(state);
  }
}
