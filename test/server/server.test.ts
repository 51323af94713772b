import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createProtocolConnection,
  IPCMessageReader,
  IPCMessageWriter,
  type Diagnostic,
  type ProtocolConnection,
} from 'vscode-languageserver/node';
import { until } from '../support/until.ts';

const FOLDER = '/nowhere/ws';
const uri = pathToFileURL(`${FOLDER}/.vscode/sandboxes.json`).href;

describe('the server, as a process of its own', () => {
  let window: ChildProcess;
  let server: ChildProcess;
  let connection: ProtocolConnection;
  let userProfiles: unknown;
  let refreshes: number;

  beforeEach(async () => {
    userProfiles = {};
    refreshes = 0;
    window = spawn('cat', { stdio: ['pipe', 'ignore', 'inherit'] });
    server = fork(resolve('dist/server.cjs'), ['--node-ipc'], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    connection = createProtocolConnection(new IPCMessageReader(server), new IPCMessageWriter(server));
    connection.onRequest('workspace/configuration', () => [userProfiles]);
    connection.onRequest('workspace/workspaceFolders', () => [{ uri: pathToFileURL(FOLDER).href, name: 'ws' }]);
    connection.onRequest('client/registerCapability', () => null);
    connection.onRequest('workspace/diagnostic/refresh', () => {
      refreshes++;
    });
    connection.listen();
    await connection.sendRequest('initialize', {
      processId: window.pid ?? null,
      rootUri: null,
      capabilities: {
        workspace: {
          configuration: true,
          workspaceFolders: true,
          didChangeConfiguration: { dynamicRegistration: true },
          diagnostics: { refreshSupport: true },
        },
      },
    });
    await connection.sendNotification('initialized', {});
  });
  afterEach(async () => {
    connection.dispose();
    for (const one of [server, window]) await end(one);
  });

  const open = (text: string) =>
    connection.sendNotification('textDocument/didOpen', {
      textDocument: { uri, languageId: 'jsonc', version: 1, text },
    });
  const codes = async () => {
    const report = await connection.sendRequest<{ items: Diagnostic[] }>('textDocument/diagnostic', {
      textDocument: { uri },
    });
    return report.items.map(({ code }) => code);
  };
  const ask = (method: string, character: number) =>
    connection.sendRequest(`textDocument/${method}`, { textDocument: { uri }, position: { line: 0, character } });

  it('says what is wrong, and no more once it is mended', async () => {
    await open('{ "profiles": { "a": { "extends": "nobody" } } }');
    expect(await codes()).toEqual(['unknownProfile']);
    await connection.sendNotification('textDocument/didChange', {
      textDocument: { uri, version: 2 },
      contentChanges: [
        { range: { start: { line: 0, character: 35 }, end: { line: 0, character: 41 } }, text: 'learn' },
      ],
    });
    expect(await codes()).toEqual([]);
  });

  it("takes the user's profiles from the settings, and looks again when they change", async () => {
    await open('{ "profiles": { "a": { "extends": "mine" } } }');
    expect(await codes()).toEqual(['unknownProfile']);
    userProfiles = { mine: {} };
    await connection.sendNotification('workspace/didChangeConfiguration', { settings: null });
    await until('a refresh', () => refreshes > 0);
    expect(await codes()).toEqual([]);
    userProfiles = null;
    expect(await codes()).toEqual(['unknownProfile']);
  });

  it('answers what an editor asks about extends', async () => {
    await open('{ "profiles": { "base": {}, "a": { "extends": "base" } } }');
    expect(await ask('hover', 48)).toMatchObject({ contents: { kind: 'markdown' } });
    expect(await ask('definition', 48)).toMatchObject({ uri });
    expect(await ask('completion', 48)).toMatchObject([{}, {}, {}, {}, { label: 'base' }]);
  });

  it('says nothing of a document that is not open', async () => {
    expect(await codes()).toEqual([]);
    expect(await ask('hover', 0)).toBeNull();
    expect(server.exitCode).toBeNull();
  });

  it('ends when it is told to', async () => {
    const exited = once(server, 'exit');
    await connection.sendRequest('shutdown');
    await connection.sendNotification('exit');
    expect(await exited).toEqual([0, null]);
  });

  it('ends when the window is gone', async () => {
    const exited = once(server, 'exit');
    await end(window);
    await exited;
  });
});

async function end(process: ChildProcess): Promise<void> {
  if (process.exitCode !== null || process.signalCode !== null) return;
  process.kill('SIGKILL');
  await once(process, 'exit');
}
