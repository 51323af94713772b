import { statSync } from 'node:fs';
import { resolve } from 'node:path';

/**
 * @typedef {object} CommandLine What a test run asks of the `code` executable; other options of it change nothing here.
 * @property {string} testsPath the module whose `run` is the test
 * @property {readonly string[]} developmentPaths extensions under development
 * @property {string | undefined} userDataFolder
 * @property {string | undefined} extensionsFolder
 * @property {string | undefined} folder the workspace folder to open
 * @property {readonly string[]} files files to open
 * @property {boolean} trust whether Workspace Trust is on
 * @property {boolean} otherExtensions whether installed extensions run too
 */

/**
 * Reads the arguments of desktop VS Code, as far as tests need them.
 * @param {readonly string[]} words
 * @returns {CommandLine}
 */
export function parseCommandLine(words) {
  const options = optionsOf(words);
  const testsPath = lastPath(options, 'extensionTestsPath');
  if (testsPath === undefined) throw new Error('only test runs are supported: give --extensionTestsPath');
  const opened = [...(options.get('folder-uri') ?? []), ...words.filter((word) => !word.startsWith('-'))].map(pathOf);
  return {
    testsPath,
    developmentPaths: (options.get('extensionDevelopmentPath') ?? []).map(pathOf),
    userDataFolder: lastPath(options, 'user-data-dir'),
    extensionsFolder: lastPath(options, 'extensions-dir'),
    folder: opened.find(isFolder),
    files: opened.filter((path) => !isFolder(path)),
    trust: !options.has('disable-workspace-trust'),
    otherExtensions: !options.has('disable-extensions'),
  };
}

/**
 * @param {readonly string[]} words
 * @returns {ReadonlyMap<string, readonly string[]>} the values of each `--name=value` and `--name`
 */
function optionsOf(words) {
  /** @type {Map<string, string[]>} */
  const options = new Map();
  for (const word of words) {
    const [, name, value] = /^--([^=]+)(?:=(.*))?$/s.exec(word) ?? [];
    if (name !== undefined) options.set(name, [...(options.get(name) ?? []), value ?? '']);
  }
  return options;
}

/**
 * @param {ReadonlyMap<string, readonly string[]>} options
 * @param {string} name
 */
function lastPath(options, name) {
  const value = options.get(name)?.at(-1);
  return value === undefined ? undefined : pathOf(value);
}

/** @param {string} pathOrUri */
function pathOf(pathOrUri) {
  return resolve(pathOrUri.replace(/^file:\/\//, ''));
}

/** @param {string} path */
function isFolder(path) {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
