import { join } from 'node:path';
import * as vscode from 'vscode';

/** What the launcher lets a suite do to the page of the workbench; absent in a desktop VS Code. */
export interface Page {
  screenshot(file: string): Promise<string>;
  evaluate(expression: string): Promise<unknown>;
  press(keys: string): Promise<void>;
  click(selector: string): Promise<void>;
}

declare global {
  var vscShim: Page | undefined;
}

export const EXTENSION = 'namespace-sandboxes.namespace-sandboxes';

/** The page of the workbench; where it cannot be driven, the test is skipped. */
export function workbenchPage(context: Mocha.Context): Page {
  return globalThis.vscShim ?? skip(context, 'the page of a desktop VS Code cannot be driven');
}

/** Counts the test as skipped, for a reason that the summary repeats. */
export function skip(context: Mocha.Context, reason: string): never {
  if (context.test) Object.assign(context.test, { reason });
  return context.skip();
}

/** Waits until a condition holds. @throws Error with what was waited for. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  seconds = 20,
): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > end) throw new Error(`waited ${seconds} s in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** The rows that a view shows, each as its text. */
export async function rowsOf(page: Page, view: string): Promise<readonly string[]> {
  return strings(page, `${ROWS_OF}(${JSON.stringify(view)}).map((row) => row.textContent.trim())`);
}

/** Opens or closes the first row of a view that begins with a text. */
export async function toggleRow(page: Page, view: string, start: string): Promise<void> {
  const row = `${ROWS_OF}(${JSON.stringify(view)}).find((row) => row.textContent.trim().startsWith(${JSON.stringify(start)}))`;
  await until(`the row ${start}`, async () => (await page.evaluate(`Boolean(${row})`)) === true);
  await page.evaluate(`${row}.click()`);
}

/** An expression for the page: the function that gives the elements of a view's rows. */
export const ROWS_OF = `((name) => [...document.querySelectorAll('.pane')]
  .filter((pane) => pane.querySelector('.pane-header')?.textContent.trim().startsWith(name))
  .flatMap((pane) => [...pane.querySelectorAll('.monaco-list-row')]))`;

/** Opens or closes a view in the sidebar. */
export async function togglePane(page: Page, view: string): Promise<void> {
  const header = `[...document.querySelectorAll('.pane-header')].find((one) => one.textContent.trim().startsWith(${JSON.stringify(view)}))`;
  const expanded = (): Promise<unknown> => page.evaluate(`${header}.getAttribute('aria-expanded')`);
  const before = await expanded();
  await page.evaluate(`${header}.click()`);
  await until(`the view ${view} to open or close`, async () => (await expanded()) !== before);
}

/** The text of all terminals that can be seen. */
export async function terminalText(page: Page): Promise<string> {
  const rows = `[...document.querySelectorAll('.xterm-rows > div')]`;
  return (await strings(page, `${rows}.map((row) => row.textContent.replaceAll('\\u00a0', ' ').trimEnd())`)).join('\n');
}

/** Texts of the notifications that can be seen. */
export async function notifications(page: Page): Promise<readonly string[]> {
  return strings(
    page,
    `[...document.querySelectorAll('.notification-list-item-message')].map((item) => item.textContent)`,
  );
}

async function strings(page: Page, expression: string): Promise<readonly string[]> {
  const list = await page.evaluate(expression);
  return Array.isArray(list) ? list.map(String) : [];
}

/** Shows the container of the views, once their rows are there. */
export async function openSidebar(page: Page): Promise<void> {
  await vscode.commands.executeCommand('workbench.view.extension.namespaceSandboxes');
  for (const view of ['Sandboxes', 'Namespaces', 'Cgroups'])
    await until(`rows in ${view}`, async () => (await rowsOf(page, view)).length > 0);
}

/** Types into the box that asks, and takes what is offered first, once that is what is expected. */
export async function choose(page: Page, typed: string, expected: string): Promise<void> {
  const empty = `document.activeElement?.closest('.quick-input-widget')?.querySelector('input')?.value === ''`;
  await until('the box that asks', async () => (await page.evaluate(empty)) === true);
  for (const key of typed) await page.press(key);
  const first = `document.querySelector('.quick-input-list .monaco-list-row.focused')?.textContent ?? ''`;
  await until(`the choice ${expected}`, async () => String(await page.evaluate(first)).includes(expected));
  await page.press('Enter');
}

/** The extension host, out of all processes: its number may stand in the arguments of others too. */
export function chooseThisProcess(page: Page): Promise<void> {
  return choose(page, 'type=extensionHost', `${process.pid} ·`);
}

const THEMES = { dark: 'Default Dark Modern', light: 'Default Light Modern' } as const;

/** Takes a picture in a dark and in a light theme, as NAME-dark.png and NAME-light.png. */
export async function picture(page: Page, name: string): Promise<void> {
  for (const theme of ['light', 'dark'] as const) {
    await useTheme(page, theme);
    await pictureAsIs(page, `${name}-${theme}`);
  }
}

/** Takes one picture in the theme that is shown, as NAME.png: another theme would close what floats. */
export async function pictureAsIs(page: Page, name: string): Promise<void> {
  await page.evaluate(
    `Promise.allSettled(document.getAnimations().map((animation) => animation.finished)).then(() => true)`,
  );
  await page.screenshot(join(process.env.E2E_SCREENSHOTS ?? '', `${name}.png`));
}

async function useTheme(page: Page, theme: keyof typeof THEMES): Promise<void> {
  const settings = vscode.workspace.getConfiguration('workbench');
  await settings.update('colorTheme', THEMES[theme], vscode.ConfigurationTarget.Global);
  const shown = theme === 'dark' ? 'vs-dark' : 'vs';
  await until(
    `the ${theme} theme`,
    async () =>
      (await page.evaluate(`document.querySelector('.monaco-workbench').classList.contains('${shown}')`)) === true,
  );
}

/** Widens or narrows the sidebar, in steps as the workbench takes them, until it is about as wide as asked (in px). */
export async function setSidebarWidth(page: Page, width: number): Promise<void> {
  await vscode.commands.executeCommand('workbench.action.focusSideBar');
  await until(`a sidebar of ${width} px`, async () => {
    const now = Number(await page.evaluate(`document.querySelector('.part.sidebar').clientWidth`));
    if (Math.abs(now - width) <= 30) return true;
    const step = now < width ? 'increaseViewSize' : 'decreaseViewSize';
    await vscode.commands.executeCommand(`workbench.action.${step}`);
    return false;
  });
}

/** Closes all terminals and editors, and waits until they are gone. */
export async function closeEverything(): Promise<void> {
  for (const terminal of vscode.window.terminals) terminal.dispose();
  await vscode.commands.executeCommand('workbench.action.closeAllEditors');
  await until('the terminals to close', () => vscode.window.terminals.length === 0);
}
