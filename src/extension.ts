import * as vscode from 'vscode';
import type { App } from './ui/app.ts';
import { registerCommands } from './ui/commands/register.ts';
import { Documents } from './ui/documents.ts';
import { WindowHelper } from './ui/helper/window-helper.ts';
import { Language } from './ui/language/language.ts';
import { Memory } from './ui/memory.ts';
import { NetworkWatch } from './ui/networks/network-watch.ts';
import { registerTerminalProfile } from './ui/terminal/profile-provider.ts';
import { SandboxTerminals } from './ui/terminal/sandbox-terminals.ts';
import { Inspection } from './ui/views/inspection.ts';
import { Live } from './ui/views/live.ts';
import { Views } from './ui/views/views.ts';

let language: Language | undefined;
let terminals: SandboxTerminals | undefined;

/** Composes and registers. The engine is loaded by the first view that is seen and the first command that is used. */
export function activate(context: vscode.ExtensionContext): void {
  const log = vscode.window.createOutputChannel('Sandboxes', { log: true });
  const memory = new Memory(context.workspaceState);
  const live = new Live(context.asAbsolutePath('dist/discovery-worker.cjs'));
  const helper = new WindowHelper(context.asAbsolutePath('dist/helper.cjs'), log);
  terminals = new SandboxTerminals(live, log, helper);
  language = new Language(context.asAbsolutePath('dist/server.cjs'), log);
  const inspection = new Inspection(context.asAbsolutePath('dist/inspection-worker.cjs'));
  const networks = new NetworkWatch(live);
  const [documents, views] = [new Documents(), new Views(live, { inspection, networks, memory })];
  const { extensionUri } = context;
  const app: App = { extensionUri, log, memory, live, inspection, helper, networks, terminals, documents, views };
  const registered = [registerCommands(app), registerTerminalProfile(app)];
  context.subscriptions.push(log, live, inspection, networks, language, terminals, helper, documents, views);
  context.subscriptions.push(...registered);
  void vscode.commands.executeCommand('setContext', 'namespaceSandboxes.isLinux', process.platform === 'linux');
}

/** Resolves once the language server and every sandbox that lives as long as this window have ended. */
export async function deactivate(): Promise<void> {
  await Promise.all([language?.stop(), terminals?.endAll()]);
}
