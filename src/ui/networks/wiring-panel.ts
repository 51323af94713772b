import { randomBytes } from 'node:crypto';
import * as v from 'valibot';
import * as vscode from 'vscode';
import type { Wiring } from '../../model/wiring.ts';
import { FROM_PICTURE, type FromPicture, type ToPicture } from '../../protocol/wiring.ts';
import type { App } from '../app.ts';
import { showError } from '../show-error.ts';
import { WIRING_PANEL } from './network-watch.ts';
import { pageHtml } from './page.ts';

let open: WiringPanel | undefined;

/** Shows the picture of the networks, which follows the machine while it can be seen. One a window. */
export function showWiringPanel(app: App, select?: number): WiringPanel {
  open ??= new WiringPanel(app, () => (open = undefined));
  open.reveal(select);
  return open;
}

/** What is done for the picture: each is loaded when it is first asked for. */
async function act(app: App, message: FromPicture, now: Wiring | undefined): Promise<void> {
  const networkOf = (inode: number) => now?.networks.find((network) => network.inode === inode);
  switch (message.do) {
    case 'ready':
      return;
    case 'terminal': {
      const network = networkOf(message.network);
      if (network) await (await import('../commands/enter-network.ts')).openTerminalInWired(app, network);
      return;
    }
    case 'compare': {
      const pid = networkOf(message.network)?.pid;
      if (pid !== undefined) await (await import('../commands/compare-processes.ts')).compareProcess(app, pid);
      return;
    }
    case 'capture': {
      const network = networkOf(message.network);
      if (network) await (await import('../commands/capture.ts')).capture(app, network, message.link);
      return;
    }
    case 'reach':
      await (await import('../commands/reach.ts')).testReach(app);
      return;
    case 'export':
      await (await import('./export.ts')).exportPicture(message.kind, message.content);
      return;
    case 'failed':
      throw new Error(`The picture could not be drawn: ${message.reason}`);
  }
}

/** The panel, and what passes between it and its page. */
export class WiringPanel {
  readonly #app: App;
  readonly #panel: vscode.WebviewPanel;
  #ready = false;
  #note: string | undefined;
  #select: number | undefined;

  constructor(app: App, onClose: () => void) {
    this.#app = app;
    const { networks, live } = app;
    const folder = vscode.Uri.joinPath(app.extensionUri, 'dist');
    const options = { enableScripts: true, localResourceRoots: [folder] };
    this.#panel = vscode.window.createWebviewPanel(WIRING_PANEL, 'Wiring', vscode.ViewColumn.Active, options);
    const { webview } = this.#panel;
    webview.html = pageHtml({
      script: webview.asWebviewUri(vscode.Uri.joinPath(folder, 'wiring.js')).toString(),
      style: webview.asWebviewUri(vscode.Uri.joinPath(folder, 'wiring.css')).toString(),
      source: webview.cspSource,
      nonce: randomBytes(16).toString('hex'),
    });
    const parts = vscode.Disposable.from(
      webview.onDidReceiveMessage((message: unknown) => this.#received(message)),
      networks.onDidLook(() => this.#send()),
      networks.onDidFail((error) => void showError(app, error)),
      this.#panel.onDidChangeViewState(({ webviewPanel }) => this.#seen(webviewPanel.visible)),
    );
    this.#panel.onDidDispose(() => {
      parts.dispose();
      live.see(WIRING_PANEL, false);
      onClose();
    });
    live.see(WIRING_PANEL, true);
  }

  reveal(select: number | undefined): void {
    this.#select = select;
    this.#panel.reveal();
    this.#send();
  }

  /** Says above the picture that it is not live; undefined takes it away. */
  note(text: string | undefined): void {
    this.#note = text;
    this.#send();
  }

  /** A page that was hidden is made anew when it is shown. */
  #seen(visible: boolean): void {
    if (!visible) this.#ready = false;
    this.#app.live.see(WIRING_PANEL, visible);
  }

  #received(message: unknown): void {
    const checked = v.safeParse(FROM_PICTURE, message);
    if (!checked.success) return;
    if (checked.output.do === 'ready') {
      this.#ready = true;
      this.#send();
    }
    act(this.#app, checked.output, this.#app.networks.latest).catch((error: unknown) => showError(this.#app, error));
  }

  #send(): void {
    const wiring = this.#app.networks.latest;
    if (!this.#ready || !wiring) return;
    const message: ToPicture = { wiring, note: this.#note, select: this.#select };
    this.#select = undefined;
    void this.#panel.webview.postMessage(message);
  }
}
