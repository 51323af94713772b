import { env } from 'node:process';
import { URL, URLSearchParams } from 'node:url';
import { chromium } from 'playwright-core';
import { findProgram } from '../../scripts/debian-packages.mjs';

const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome'];
const FLAGS = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-sync'];

/**
 * @typedef {import('playwright-core').Page} Page
 * @typedef {import('./command-line.mjs').CommandLine} CommandLine
 */

/**
 * Opens the workbench of a running server in a headless browser, with the extensions and the tests of a command line.
 * @param {string} address
 * @param {CommandLine} commandLine
 * @param {string} testsPath the module that the extension host runs
 * @returns {Promise<Page>} as soon as the page begins to load
 */
export async function openWorkbench(address, commandLine, testsPath) {
  const browser = await chromium.launch({
    executablePath: browserPath(),
    args: FLAGS,
    handleSIGINT: false,
    handleSIGTERM: false,
  });
  const page = await browser.newPage({ viewport: windowSize(), permissions: ['clipboard-read', 'clipboard-write'] });
  const { host } = new URL(address);
  await developmentOptions(page, host, commandLine.developmentPaths, testsPath);
  await page.goto(`${address}/?${query(host, commandLine)}`, { waitUntil: 'commit' });
  return page;
}

function browserPath() {
  const path = BROWSERS.map(findProgram).find((found) => found !== undefined);
  if (path === undefined) throw new Error(`No browser found: install one of ${BROWSERS.join(', ')}.`);
  return path;
}

/** `WIDTHxHEIGHT` of the variable VSCODE_WINDOW. */
function windowSize() {
  const [, width, height] = /^(\d+)x(\d+)$/.exec(env.VSCODE_WINDOW ?? '') ?? ['', '1280', '800'];
  return { width: Number(width), height: Number(height) };
}

/**
 * The workbench takes its options from an element of the page. (It also does from the URL, but only together with
 * a switch for smoke tests that hides all notifications.)
 * @param {Page} page
 * @param {string} authority
 * @param {readonly string[]} extensions
 * @param {string} testsPath
 */
async function developmentOptions(page, authority, extensions, testsPath) {
  const uri = (/** @type {string} */ path) => ({ scheme: 'vscode-remote', authority, path });
  const options = { extensions: extensions.map(uri), extensionTestsPath: uri(testsPath) };
  for (const name of ['codeAutomationLog', 'codeAutomationExit']) await page.exposeFunction(name, () => undefined);
  await page.addInitScript(`{
    const getElementById = Document.prototype.getElementById;
    Document.prototype.getElementById = function (id) {
      const element = getElementById.call(this, id);
      if (id === 'vscode-workbench-web-configuration' && element)
        element.dataset.settings = JSON.stringify({ ...JSON.parse(element.dataset.settings), developmentOptions: ${JSON.stringify(options)} });
      return element;
    };
  }`);
}

/**
 * @param {string} authority
 * @param {CommandLine} commandLine
 */
function query(authority, { folder, files, otherExtensions }) {
  const payload = files.map((file) => ['openFile', `vscode-remote://${authority}${encodeURI(file)}`]);
  if (!otherExtensions) payload.push(['disableExtensions', 'true']);
  const search = new URLSearchParams(folder === undefined ? { ew: 'true' } : { folder });
  if (payload.length > 0) search.set('payload', JSON.stringify(payload));
  return search.toString();
}
