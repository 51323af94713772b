import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { ask, newSandboxTerminal } from './terminals.ts';
import {
  closeEverything,
  notifications,
  openSidebar,
  picture,
  rowsOf,
  skip,
  terminalText,
  until,
  workbenchPage,
  type Page,
} from './workbench.ts';

describe('a terminal of the profile small, with memory.max = 64M or as good as can be had', () => {
  let page: Page;
  let terminal: vscode.Terminal;
  let row: string;
  before(async function () {
    page = workbenchPage(this);
    terminal = await newSandboxTerminal('small');
    await openSidebar(page);
    row = await until('its row', async () =>
      (await rowsOf(page, 'Sandboxes')).find((text) => text.startsWith(terminal.name)),
    );
    await ask(page, terminal, 'echo ready');
  });
  after(async () => {
    await vscode.commands.executeCommand('notifications.clearAll');
    await closeEverything();
  });

  it('its row says what holds, and the terminal what does not', async () => {
    const missing = row.includes('no memory.max');
    if (!missing) assert.match(row, /≤ 64M · \d+ processes ≤ 32/);
    assert.equal(/^Runs without .*memory\.max/.test(await terminalText(page)), missing);
    await picture(page, 'terminal-small');
  });

  it('a process that is killed at the limit is said to be', async function () {
    if (row.includes('no memory.max')) skip(this, 'this user can set no limits here');
    terminal.sendText('head -c 200M /dev/zero | tail');
    await until('the message', async () =>
      (await notifications(page)).some((text) => text.includes('killed by memory.max = 64M')),
    );
    await picture(page, 'killed-by-limit');
  });
});
