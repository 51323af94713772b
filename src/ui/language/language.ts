import * as vscode from 'vscode';
import { PROFILE_FILES } from '../../protocol/language-server.ts';
import type { RunningClient } from './client.ts';

/** The language server of the profile file: it starts with the first such document that is open, and not before. */
export class Language implements vscode.Disposable {
  readonly #serverFile: string;
  readonly #log: vscode.LogOutputChannel;
  readonly #opened = vscode.workspace.onDidOpenTextDocument((document) => this.#startFor(document));
  #client: Promise<RunningClient> | undefined;

  constructor(serverFile: string, log: vscode.LogOutputChannel) {
    this.#serverFile = serverFile;
    this.#log = log;
    for (const document of vscode.workspace.textDocuments) this.#startFor(document);
  }

  #startFor(document: vscode.TextDocument): void {
    if (this.#client !== undefined || vscode.languages.match(PROFILE_FILES, document) === 0) return;
    this.#opened.dispose();
    this.#client = import('./client.ts').then(({ startClient }) => startClient(this.#serverFile, this.#log));
    this.#client.catch((error: unknown) => this.#log.error(error instanceof Error ? error : String(error)));
  }

  /** Resolves once the server has ended. */
  async stop(): Promise<void> {
    const client = await this.#client?.catch(() => undefined);
    await client?.dispose();
  }

  dispose(): void {
    this.#opened.dispose();
  }
}
