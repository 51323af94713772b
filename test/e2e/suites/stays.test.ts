import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { ask, opened } from './terminals.ts';
import { closeEverything, EXTENSION, openSidebar, rowsOf, until, workbenchPage } from './workbench.ts';

describe('a sandbox that lives until it is stopped, and that another window has started', () => {
  let folder: string;
  let id: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'e2e-stays-'));
    mkdirSync(join(folder, '.vscode'));
    const profiles = { stays: { extends: 'throwaway', workspace: 'none', lifetime: 'untilStopped' } };
    writeFileSync(join(folder, '.vscode/sandboxes.json'), JSON.stringify({ profiles }));
    unshared('run', '--profile', 'stays', '--workspace', folder, '--', 'hostname');
    id = (JSON.parse(unshared('list', '--json')) as { id: string; profile: string }[])
      .filter(({ profile }) => profile === 'stays')
      .map((sandbox) => sandbox.id)
      .join();
  });
  after(async () => {
    await closeEverything();
    unshared('stop', id);
    rmSync(folder, { recursive: true });
  });

  it('is found and can be entered', async function () {
    const page = workbenchPage(this);
    await openSidebar(page);
    await until('its row', async () => (await rowsOf(page, 'Sandboxes')).some((row) => row.startsWith(id)));
    const terminal = await opened(() => vscode.commands.executeCommand('namespaceSandboxes.openAnotherTerminal', id));
    assert.equal(await ask(page, terminal, 'hostname'), 'stays');
  });

  it('outlives the terminal that was opened here', async () => {
    await closeEverything();
    assert.match(unshared('list'), new RegExp(id));
  });
});

function unshared(...args: readonly string[]): string {
  const path = vscode.extensions.getExtension(EXTENSION)?.extensionPath ?? '';
  return execFileSync(process.execPath, [join(path, 'dist/cli.cjs'), ...args], { encoding: 'utf8' });
}
