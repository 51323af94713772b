import * as vscode from 'vscode';
import type { Person } from '../../elevation/person.ts';
import type { HelperSession } from '../../elevation/session.ts';
import { windowPerson } from './window-person.ts';

const RUNS = 'namespaceSandboxes.helperRuns';

/** The helper of this window. While it runs as root, the status bar shows it, and stops it on a click. */
export class WindowHelper implements vscode.Disposable {
  /** The bundled helper. */
  readonly file: string;
  readonly person: Person;
  readonly #log: vscode.LogOutputChannel;
  #session: HelperSession | undefined;
  #item: vscode.StatusBarItem | undefined;

  constructor(file: string, log: vscode.LogOutputChannel) {
    this.file = file;
    this.#log = log;
    this.person = windowPerson(log);
  }

  async session(): Promise<HelperSession> {
    const { helperSession } = await import('../../elevation/session.ts');
    this.#session ??= helperSession(this.file, (line) => this.#log.info(`helper, as root: ${line}`), {
      person: this.person,
      onChange: (runs) => this.#show(runs),
    });
    return this.#session;
  }

  /** Ends the helper, if it runs; the next thing that needs root asks again. */
  stop(): void {
    this.#session?.dispose();
  }

  dispose(): void {
    this.stop();
    this.#item?.dispose();
  }

  #show(runs: boolean): void {
    void vscode.commands.executeCommand('setContext', RUNS, runs);
    this.#log.info(runs ? 'the helper runs as root' : 'the helper has ended');
    this.#item ??= statusBarItem();
    if (runs) this.#item.show();
    else this.#item.hide();
  }
}

function statusBarItem(): vscode.StatusBarItem {
  const item = vscode.window.createStatusBarItem('namespaceSandboxes.helper', vscode.StatusBarAlignment.Left);
  item.name = 'Helper as Root';
  item.text = '$(key) Helper as root';
  item.tooltip = 'The helper of Namespace Sandboxes runs as root in this window. Click to stop it.';
  item.backgroundColor = new vscode.ThemeColor('statusBarItem.warningBackground');
  item.command = 'namespaceSandboxes.stopHelper';
  item.accessibilityInformation = { label: 'The helper of Namespace Sandboxes runs as root. Stop it.', role: 'button' };
  return item;
}
