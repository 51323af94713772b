import { homedir } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TextDocument } from 'vscode-languageserver-textdocument';
import {
  DidChangeConfigurationNotification,
  DocumentDiagnosticReportKind,
  TextDocuments,
  TextDocumentSyncKind,
  type Connection,
  type DocumentDiagnosticReport,
  type InitializeResult,
  type TextDocumentIdentifier,
  type TextDocumentPositionParams,
} from 'vscode-languageserver/node';
import { loadProfiles } from '../profile/load.ts';
import { PROFILES_SETTING } from '../protocol/language-server.ts';
import { completionsAt } from './completion.ts';
import { definitionAt } from './definition.ts';
import { diagnosticsOf } from './diagnostics.ts';
import { hoverAt } from './hover.ts';
import type { Reading } from './reading.ts';
import { filesBeside } from './sources.ts';

const ABILITIES: InitializeResult = {
  capabilities: {
    textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental },
    diagnosticProvider: { interFileDependencies: true, workspaceDiagnostics: false },
    // As VS Code's own completion of JSON does.
    completionProvider: { triggerCharacters: ['"', ':'] },
    hoverProvider: true,
    definitionProvider: true,
    workspace: { workspaceFolders: { supported: true } },
  },
};

/** Answers until the connection closes. Only texts are read: nothing that a file says is done. */
export function serve(connection: Connection): void {
  const documents = new TextDocuments(TextDocument);
  connection.onInitialize(() => ABILITIES);
  answerDiagnostics(connection, documents);
  answerQuestions(connection, documents);
  documents.listen(connection);
  connection.listen();
}

function answerDiagnostics(connection: Connection, documents: TextDocuments<TextDocument>): void {
  connection.languages.diagnostics.on(async ({ textDocument }): Promise<DocumentDiagnosticReport> => {
    const reading = await read(connection, documents, textDocument);
    return { kind: DocumentDiagnosticReportKind.Full, items: reading ? await diagnosticsOf(reading) : [] };
  });
  const refresh = (): void => void connection.languages.diagnostics.refresh();
  connection.onInitialized(() => {
    void connection.client.register(DidChangeConfigurationNotification.type, { section: PROFILES_SETTING });
    connection.workspace.onDidChangeWorkspaceFolders(refresh);
  });
  connection.onDidChangeConfiguration(refresh);
  connection.onDidChangeWatchedFiles(refresh);
}

function answerQuestions(connection: Connection, documents: TextDocuments<TextDocument>): void {
  const answering =
    <Answer>(answer: (reading: Reading, offset: number) => Answer) =>
    async ({ textDocument, position }: TextDocumentPositionParams): Promise<Answer | undefined> => {
      const reading = await read(connection, documents, textDocument);
      return reading && answer(reading, reading.document.offsetAt(position));
    };
  connection.onHover(answering(hoverAt));
  connection.onCompletion(answering(completionsAt));
  connection.onDefinition(answering(definitionAt));
}

/** Settings and folders are asked for each time, so that a change of them holds at once. */
async function read(
  connection: Connection,
  documents: TextDocuments<TextDocument>,
  { uri }: TextDocumentIdentifier,
): Promise<Reading | undefined> {
  const [setting, folders] = await Promise.all([
    connection.workspace.getConfiguration(PROFILES_SETTING) as Promise<unknown>,
    connection.workspace.getWorkspaceFolders(),
  ]);
  const document = documents.get(uri);
  if (!document?.uri.startsWith('file:')) return undefined;
  const file = fileURLToPath(uri);
  const open = new Map(documents.all().map((one) => [one.uri, one.getText()]));
  const files = filesBeside(file, { setting, folders: folders?.map((folder) => folder.uri) ?? [], open });
  const context = { workspaceFolder: dirname(dirname(file)), env: process.env, home: homedir() };
  return { document, file, loaded: loadProfiles(files), context };
}
