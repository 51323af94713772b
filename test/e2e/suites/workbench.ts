import * as vscode from 'vscode';

/** What the launcher lets a suite do to the workbench page; absent in a desktop VS Code. */
interface Page {
  screenshot(file: string): Promise<string>;
  evaluate(expression: string): Promise<unknown>;
  press(keys: string): Promise<void>;
  click(selector: string): Promise<void>;
}

declare global {
  var vscShim: Page | undefined;
}

/** The page of the workbench, or undefined where it cannot be driven. */
export function workbenchPage(): Page | undefined {
  return globalThis.vscShim;
}

/** Waits until a condition holds. @throws Error with what was waited for and what was there last. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  timeout = 20_000,
): Promise<T> {
  const end = Date.now() + timeout;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > end) throw new Error(`waited ${timeout} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** The rows that a view shows, each as its text. */
export async function rowsOf(page: Page, viewName: string): Promise<readonly string[]> {
  const rows = await page.evaluate(
    `[...document.querySelectorAll('.pane')]
      .filter((pane) => pane.querySelector('.pane-header')?.textContent.trim().startsWith(${JSON.stringify(viewName)}))
      .flatMap((pane) => [...pane.querySelectorAll('.monaco-list-row')].map((row) => row.textContent.trim()))`,
  );
  return Array.isArray(rows) ? rows.map(String) : [];
}

/** The text of all terminals that can be seen. */
export async function terminalText(page: Page): Promise<string> {
  const text = await page.evaluate(
    `[...document.querySelectorAll('.xterm-rows > div')].map((row) => row.textContent.replaceAll('\\u00a0', ' ').trimEnd()).join('\\n')`,
  );
  return String(text);
}

/** Texts of the notifications that can be seen. */
export async function notifications(page: Page): Promise<readonly string[]> {
  const texts = await page.evaluate(
    `[...document.querySelectorAll('.notification-list-item-message')].map((item) => item.textContent)`,
  );
  return Array.isArray(texts) ? texts.map(String) : [];
}

/** Shows the container of the three views. */
export async function openSidebar(): Promise<void> {
  await vscode.commands.executeCommand('workbench.view.extension.namespaceSandboxes');
}

/** Closes all terminals and editors, and waits until they are gone. */
export async function closeEverything(): Promise<void> {
  for (const terminal of vscode.window.terminals) terminal.dispose();
  await vscode.commands.executeCommand('workbench.action.closeAllEditors');
  await until('the terminals to close', () => vscode.window.terminals.length === 0);
}
