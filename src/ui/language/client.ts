import * as vscode from 'vscode';
import { LanguageClient, TransportKind, type LanguageClientOptions } from 'vscode-languageclient/node';
import { PROFILE_FILES } from '../../protocol/language-server.ts';

/** A server that runs, and is started again if it crashes, until it is disposed of. */
export type RunningClient = Pick<LanguageClient, 'dispose'>;

/** Starts the server as a process of its own. @throws Error if it does not answer */
export async function startClient(serverFile: string, log: vscode.LogOutputChannel): Promise<RunningClient> {
  const watcher = vscode.workspace.createFileSystemWatcher(PROFILE_FILES.pattern);
  const options: LanguageClientOptions = {
    documentSelector: [PROFILE_FILES],
    synchronize: { fileEvents: watcher },
    outputChannel: log,
  };
  const server = { module: serverFile, transport: TransportKind.ipc };
  const client = new LanguageClient('namespaceSandboxes', 'Sandboxes', server, options);
  await client.start();
  return {
    dispose: async () => {
      watcher.dispose();
      await client.dispose();
    },
  };
}
