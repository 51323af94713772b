import { existsSync } from 'node:fs';
import * as vscode from 'vscode';
import { until, type Page } from './workbench.ts';

/** The text of the list or the input that VS Code asks with. */
export async function quickInput(page: Page): Promise<string> {
  return String(await page.evaluate(`document.querySelector('.quick-input-widget')?.textContent ?? ''`));
}

/** Takes what is selected or typed. */
export async function accept(): Promise<void> {
  await vscode.commands.executeCommand('workbench.action.acceptSelectedQuickOpenItem');
}

/** Deletes a network that the helper has made: deleted by hand, what it keeps of it would be left. */
export async function deleteByCommand(name: string): Promise<void> {
  if (!existsSync(`/run/netns/${name}`)) return;
  const done = vscode.commands.executeCommand('namespaceSandboxes.deleteNetwork', name);
  await until(`the end of ${name}`, async () => {
    await accept();
    return !existsSync(`/run/netns/${name}`);
  });
  await done;
}

/** Makes the example of two networks, and returns what is said of who reaches whom. */
export async function makeExample(page: Page, afterwards: () => Promise<void>): Promise<string> {
  const done = vscode.commands.executeCommand('namespaceSandboxes.networksExample');
  await until('the commands', async () => (await quickInput(page)).includes('ip netns add n1'));
  await afterwards();
  await done;
  return until('who reaches whom', () => {
    const document = vscode.window.activeTextEditor?.document;
    return document?.uri.path.endsWith('Reach.txt') === true && document.getText();
  });
}

/** The document of the picture, two frames deep; code-server gives both the origin of the workbench. */
const PICTURE = `[...document.querySelectorAll('iframe.webview')].map((outer) =>
  outer.contentDocument?.querySelector('iframe#active-frame')?.contentDocument).find((inner) => inner?.querySelector('#frame'))`;

/** What an expression is worth inside the picture, where its document is called `document`; undefined while there is none. */
export function inPage(page: Page, expression: string): Promise<unknown> {
  return page.evaluate(`((document) => document && (${expression}))(${PICTURE})`);
}

export async function pageTexts(page: Page, selector: string): Promise<readonly string[]> {
  const texts = await inPage(
    page,
    `[...document.querySelectorAll(${JSON.stringify(selector)})].map((one) => one.textContent)`,
  );
  return Array.isArray(texts) ? texts.map(String) : [];
}
