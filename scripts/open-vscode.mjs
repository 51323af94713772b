import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { env, getuid } from 'node:process';
import { URLSearchParams } from 'node:url';
import { createVSIX } from '@vscode/vsce';
import { execa } from 'execa';
import { HOST, installHost } from '../test/vscode-host/install.mjs';
import { startServer } from '../test/vscode-host/server.mjs';
import { buildAll } from './build.mjs';
import { findProgram } from './debian-packages.mjs';

/**
 * Opens the sample workspace in the VS Code on the PATH, or else in the pinned code-server.
 * @param {string} project
 */
export async function openVscode(project) {
  const sample = join(project, 'test/fixtures/sample-workspace');
  const code = findProgram('code');
  if (code === undefined) await serve(project, sample);
  else await openDesktop(code, project, sample);
}

/**
 * @param {string} code
 * @param {string} project
 * @param {string} sample
 */
async function openDesktop(code, project, sample) {
  await buildAll();
  const forRoot = getuid?.() === 0 ? ['--no-sandbox', `--user-data-dir=${join(project, '.vscode-host/desktop')}`] : [];
  await execa(code, ['--new-window', `--extensionDevelopmentPath=${project}`, ...forRoot, sample], {
    stdio: 'inherit',
  });
}

/**
 * Until Ctrl-C; nothing of it runs afterwards.
 * @param {string} project
 * @param {string} sample
 */
async function serve(project, sample) {
  await installHost();
  const folders = {
    dataFolder: join(project, '.vscode-host/data'),
    extensionsFolder: join(project, '.vscode-host/extensions'),
  };
  await installExtension(project, folders.extensionsFolder);
  quietSettings(project, join(folders.dataFolder, 'User'));
  const password = randomBytes(12).toString('base64url');
  const server = await startServer({
    ...folders,
    args: [
      '--auth',
      'password',
      '--bind-addr',
      `127.0.0.1:${env.PORT ?? 0}`,
      '--disable-proxy',
      '--disable-workspace-trust',
    ],
    env: { ...env, PASSWORD: password },
  });
  const query = new URLSearchParams({ folder: sample }).toString();
  console.log(`\nVS Code:   ${server.address}/?${query}\nPassword:  ${password}\n\nCtrl-C ends it.`);
  const end = await Promise.race([server.ended, signalled()]);
  if (end !== undefined) console.error(`code-server ${end}`);
  await server.stop();
  process.exit(end === undefined ? 0 : 1);
}

/**
 * @param {string} project
 * @param {string} extensionsFolder
 */
async function installExtension(project, extensionsFolder) {
  const vsix = join(project, '.vscode-host/extension.vsix');
  mkdirSync(extensionsFolder, { recursive: true });
  await createVSIX({
    cwd: project,
    packagePath: vsix,
    dependencies: false,
    allowMissingRepository: true,
    rewriteRelativeLinks: false,
  });
  const options = [
    '--config',
    '/dev/null',
    '--extensions-dir',
    extensionsFolder,
    '--force',
    '--install-extension',
    vsix,
  ];
  await execa(HOST.node, [HOST.entry, ...options]);
}

/**
 * No welcome page, no chat; what was changed since is kept.
 * @param {string} project
 * @param {string} folder
 */
function quietSettings(project, folder) {
  cpSync(join(project, 'test/vscode-host/settings.json'), join(folder, 'settings.json'), { force: false });
}

/** @returns {Promise<undefined>} once the user has had enough. */
function signalled() {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => resolve(undefined));
  });
}
