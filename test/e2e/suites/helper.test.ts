import assert from 'node:assert/strict';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { accept, deleteByCommand, makeExample, pageTexts } from './named-networks.ts';
import { newSandboxTerminal } from './terminals.ts';
import { closeEverything, notifications, picture, skip, until, workbenchPage, type Page } from './workbench.ts';

const SETTING = 'namespaceSandboxes';

describe('the helper, for a user whom polkit grants it', () => {
  let page: Page;
  before(async function () {
    if (process.env.E2E_POLKIT === undefined) skip(this, 'no polkit that grants everything is beside this VS Code');
    page = workbenchPage(this);
    const limited = { extends: 'throwaway', limits: { mode: 'strict', 'pids.max': 50 } };
    await setProfiles({ limited });
  });
  after(async () => {
    await vscode.commands.executeCommand('notifications.clearAll');
    await closeEverything();
    await setProfiles(undefined);
  });

  it('is not started by whoever says no, which is no error', async () => {
    const asked = vscode.commands.executeCommand('namespaceSandboxes.newTerminal', 'limited');
    await question(page);
    await vscode.commands.executeCommand('notifications.clearAll');
    await asked;
    assert.equal(vscode.window.terminals.length, 0);
    assert.deepEqual(await notifications(page), []);
    assert.equal(await statusBar(page), false);
  });

  it('says before what root is for, and shows in the status bar while it runs', async () => {
    const opening = newSandboxTerminal('limited');
    assert.match(await question(page), /can be set by root alone here.*password may be asked for, once in this window/);
    // Progress beside it moves without end, which a picture in two themes would wait for.
    await until('it to have come up', async () => (await page.evaluate(SHOWN)) === true);
    await page.screenshot(join(process.env.E2E_SCREENSHOTS ?? '', 'helper-asks.png'));
    await agree(page);
    await opening;
    await until('the status bar item', () => statusBar(page));
    await picture(page, 'helper-runs');
  });

  it('makes networks for a user who may not enter them, and tries whom they reach', async () => {
    await closeEverything();
    const text = await makeExample(page, accept);
    assert.match(text, /^\| n1 +\| \(itself\) +\| ping +\|$/m);
    await vscode.commands.executeCommand('namespaceSandboxes.wiringAsRoot');
    await until('what root saw', async () => {
      const [note = ''] = await pageTexts(page, '#note');
      const titles = await pageTexts(page, '.box .title');
      return note.startsWith('As root saw it at') && ['n1', 'n2'].every((name) => titles.includes(name));
    });
    assert.ok((await pageTexts(page, '.pin .address')).includes('10.0.0.1/24'));
    for (const name of ['n1', 'n2']) await deleteByCommand(name);
  });

  it('is stopped by a click there', async () => {
    await closeEverything();
    await page.evaluate(`${ITEM}.querySelector('a').click()`);
    await until('the status bar item to go', async () => !(await statusBar(page)));
  });
});

const SHOWN = `(({ opacity, transform }) => opacity === '1' && ['none', 'matrix(1, 0, 0, 1, 0, 0)'].includes(transform))(getComputedStyle(document.querySelector('.notification-toast')))`;
const ITEM = `[...document.querySelectorAll('.statusbar-item')].find((item) => item.textContent.includes('Helper as root'))`;

async function statusBar(page: Page): Promise<boolean> {
  return (await page.evaluate(`Boolean(${ITEM}?.checkVisibility())`)) === true;
}

/** The message that asks, once it is there. */
async function question(page: Page): Promise<string> {
  const of = 'The limits of this sandbox';
  return until('the question', async () => (await notifications(page)).find((text) => text.startsWith(of)));
}

async function agree(page: Page): Promise<void> {
  const buttons = `[...document.querySelectorAll('.notification-list-item .monaco-button')]`;
  await page.evaluate(`${buttons}.find((one) => one.textContent.trim() === 'Continue').click()`);
}

async function setProfiles(profiles: object | undefined): Promise<void> {
  await vscode.workspace.getConfiguration(SETTING).update('profiles', profiles, vscode.ConfigurationTarget.Global);
}
