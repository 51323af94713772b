import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { closeEverything, EXTENSION, openSidebar, until, workbenchPage } from './workbench.ts';

const LIMIT = 50;

describe('activation', () => {
  after(closeEverything);

  it('waits until a view or a command is used', () => {
    assert.equal(vscode.extensions.getExtension(EXTENSION)?.isActive, false);
  });

  it(`takes less than ${LIMIT} ms, as VS Code measures it`, async function () {
    const page = workbenchPage(this);
    await openSidebar(page);
    await vscode.commands.executeCommand('workbench.action.showRuntimeExtensions');
    const measured = await until('the activation time', async () => {
      const text = await page.evaluate(ACTIVATION_TIME);
      return typeof text === 'string' && /(\d+)ms/.exec(text)?.[1];
    });
    console.log(`        VS Code measured ${measured} ms`);
    assert.ok(Number(measured) < LIMIT, `${measured} ms`);
  });
});

/** Of the list that "Show Running Extensions" opens. */
const ACTIVATION_TIME = `[...document.querySelectorAll('.runtime-extensions-editor .extension')]
  .find((extension) => extension.textContent.includes('Namespace Sandboxes'))
  ?.querySelector('.activation-time')?.textContent`;
