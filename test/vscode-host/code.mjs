// Code-server and a headless browser behind the command line of desktop VS Code, as far as extension tests need it:
// what @vscode/test-electron can be given as `vscodeExecutablePath`.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { argv, env, ppid } from 'node:process';
import { clearInterval, setInterval } from 'node:timers';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath, URL } from 'node:url';
import { parseCommandLine } from './command-line.mjs';
import { hostVersion, installHost } from './install.mjs';
import { openWorkbench } from './page.mjs';
import { startServer } from './server.mjs';
import { listenForSuite } from './suite-link.mjs';

const RUNNER = fileURLToPath(new URL('runner.mjs', import.meta.url));
const SECONDS_TO_START = 90;

/** @typedef {import('playwright-core').Page} Page */

/**
 * @param {readonly string[]} words the arguments of the `code` executable
 * @param {Promise<never>} interrupted
 * @returns {Promise<boolean>} whether the suite has passed
 */
async function runTests(words, interrupted) {
  const commandLine = parseCommandLine(words);
  await installHost();
  const temporary = mkdtempSync(join(tmpdir(), 'vscode-host-'));
  /** @type {(() => Promise<void> | void)[]} */
  const undo = [() => rmSync(temporary, { recursive: true, force: true, maxRetries: 5 })];
  try {
    return await Promise.race([runIn(temporary, commandLine, undo), interrupted]);
  } finally {
    for (const step of undo.reverse()) await step();
  }
}

/**
 * @param {string} temporary
 * @param {import('./command-line.mjs').CommandLine} commandLine
 * @param {(() => Promise<void> | void)[]} undo gets what ends each part
 */
async function runIn(temporary, commandLine, undo) {
  /** @type {Page | undefined} */
  let page;
  const socket = join(temporary, 'suite');
  const suite = listenForSuite(socket, (action, args) => act(page, action, args));
  undo.push(suite.close);
  const dataFolder = commandLine.userDataFolder ?? join(temporary, 'data');
  const server = await startServer({
    dataFolder,
    extensionsFolder: commandLine.extensionsFolder ?? join(dataFolder, 'extensions'),
    args: [
      '--auth',
      'none',
      '--bind-addr',
      '127.0.0.1:0',
      '--disable-proxy',
      ...(commandLine.trust ? [] : ['--disable-workspace-trust']),
    ],
    env: { ...env, VSCODE_HOST_SOCKET: socket, VSCODE_HOST_TESTS: commandLine.testsPath },
  });
  undo.push(server.stop);
  const opened = await openWorkbench(server.address, commandLine, RUNNER);
  page = opened;
  undo.push(() => closeBrowser(opened));
  const trouble = firstTrouble(server, opened);
  await Promise.race([suite.started, trouble, tooLate()]);
  const end = await Promise.race([suite.ended, trouble]);
  if (end === 'lost') throw new Error('the extension host ended before its suite did');
  return end === 'passed';
}

/** @param {Page} page */
async function closeBrowser(page) {
  await page.context().browser()?.close();
}

/**
 * @param {import('./server.mjs').Server} server
 * @param {Page} page
 * @returns {Promise<never>}
 */
function firstTrouble(server, page) {
  return new Promise((_, reject) => {
    void server.ended.then((how) => reject(new Error(`code-server ${how}`)));
    page.once('crash', () => reject(new Error('the page of the workbench crashed')));
  });
}

/** @returns {Promise<never>} */
async function tooLate() {
  await setTimeout(SECONDS_TO_START * 1000, undefined, { ref: false });
  throw new Error(`the extension host did not load the suite within ${SECONDS_TO_START} s`);
}

/**
 * @param {Page | undefined} page
 * @param {string} action
 * @param {readonly string[]} args
 * @returns {Promise<unknown>}
 */
async function act(page, action, [word = '']) {
  if (!page) throw new Error('the page is not open yet');
  if (action === 'evaluate') return page.evaluate(word);
  if (action === 'press') return page.keyboard.press(word);
  if (action === 'click') return page.locator(word).first().click({ timeout: 10_000 });
  mkdirSync(dirname(word), { recursive: true });
  await page.screenshot({ path: word });
  return word;
}

/** @returns {Promise<never>} rejects when this program is told to end, or whoever started it is gone. */
function interruption() {
  return new Promise((_, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
      process.once(signal, () => reject(new Error(`ended by ${signal}`)));
    const watch = setInterval(() => {
      if (process.ppid === ppid) return;
      clearInterval(watch);
      reject(new Error('whoever started this is gone'));
    }, 1000);
    watch.unref();
  });
}

if (argv.includes('--version')) {
  console.log(hostVersion());
} else {
  const passed = await runTests(argv.slice(2), interruption()).catch((/** @type {unknown} */ error) => {
    console.error(error instanceof Error ? error.message : error);
    return false;
  });
  process.exit(passed ? 0 : 1);
}
