import assert from 'node:assert/strict';
import * as vscode from 'vscode';
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
    await dialog(page, 'Cancel');
    await asked;
    assert.equal(vscode.window.terminals.length, 0);
    assert.deepEqual(await notifications(page), []);
    assert.equal(await statusBar(page), false);
  });

  it('says before what root is for, and shows in the status bar while it runs', async () => {
    const opening = newSandboxTerminal('limited');
    const text = await dialog(page, 'Continue', 'helper-asks');
    assert.match(text, /The limits of this sandbox can be set by root alone here/);
    await opening;
    await until('the status bar item', () => statusBar(page));
    await picture(page, 'helper-runs');
  });

  it('is stopped by a click there', async () => {
    await closeEverything();
    await page.evaluate(`${ITEM}.querySelector('a').click()`);
    await until('the status bar item to go', async () => !(await statusBar(page)));
  });
});

const ITEM = `[...document.querySelectorAll('.statusbar-item')].find((item) => item.textContent.includes('Helper as root'))`;

async function statusBar(page: Page): Promise<boolean> {
  return (await page.evaluate(`Boolean(${ITEM}?.checkVisibility())`)) === true;
}

/** Waits for a modal dialog, takes a picture of it if that is named, presses a button, and returns what it says. */
async function dialog(page: Page, button: string, named?: string): Promise<string> {
  const text = await until('a dialog', async () => {
    const shown = await page.evaluate(`document.querySelector('.monaco-dialog-box')?.textContent ?? ''`);
    return typeof shown === 'string' && shown !== '' && shown;
  });
  if (named !== undefined) await picture(page, named);
  const buttons = `[...document.querySelectorAll('.monaco-dialog-box .monaco-button')]`;
  await page.evaluate(`${buttons}.find((one) => one.textContent.trim() === ${JSON.stringify(button)}).click()`);
  return text;
}

async function setProfiles(profiles: object | undefined): Promise<void> {
  await vscode.workspace.getConfiguration(SETTING).update('profiles', profiles, vscode.ConfigurationTarget.Global);
}
