import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { HOST } from './install.mjs';

/**
 * @typedef {object} Server
 * @property {string} address `http://127.0.0.1:PORT`
 * @property {Promise<string>} ended says how it ended
 * @property {() => Promise<void>} stop ends it with all of its processes
 */

/**
 * Starts code-server; its log is DATA/server.log.
 * @param {{ dataFolder: string, extensionsFolder: string, args: readonly string[], env: NodeJS.ProcessEnv }} options
 * @returns {Promise<Server>} once it listens; rejects with its last lines if it ends instead.
 */
export async function startServer({ dataFolder, extensionsFolder, args, env }) {
  for (const folder of [dataFolder, extensionsFolder]) mkdirSync(folder, { recursive: true });
  const own = ownArguments(dataFolder, extensionsFolder);
  const child = spawn(HOST.node, [...own, ...args], {
    env: { ...env, ...ENVIRONMENT },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const ended = endOf(child);
  const logFile = join(dataFolder, 'server.log');
  const listening = listeningAddress(child, logFile);
  const died = ended.then((how) => {
    throw new Error(`code-server ${how}\n${lastLines(logFile)}`);
  });
  return { address: await Promise.race([listening, died]), ended, stop: () => stop(child.pid, ended) };
}

/** No gallery, nothing taken from a VS Code that this may run in, and no login shell to read an environment from. */
const ENVIRONMENT = { EXTENSIONS_GALLERY: '{"serviceUrl":""}', VSCODE_IPC_HOOK_CLI: '', VSCODE_CLI: '1' };

/**
 * Without a configuration file of its own it writes one into ~/.config.
 * @param {string} dataFolder
 * @param {string} extensionsFolder
 */
function ownArguments(dataFolder, extensionsFolder) {
  const config = join(dataFolder, 'code-server.yaml');
  writeFileSync(config, '');
  const folders = ['--config', config, '--user-data-dir', dataFolder, '--extensions-dir', extensionsFolder];
  return [
    HOST.entry,
    ...folders,
    '--disable-telemetry',
    '--disable-update-check',
    '--disable-getting-started-override',
  ];
}

/**
 * @param {import('node:child_process').ChildProcessByStdio<null, import('node:stream').Readable, import('node:stream').Readable>} child
 * @param {string} logFile
 * @returns {Promise<string>}
 */
function listeningAddress(child, logFile) {
  const log = createWriteStream(logFile);
  return new Promise((resolve) => {
    let text = '';
    const read = (/** @type {Buffer} */ part) => {
      log.write(part);
      text = (text + part.toString()).slice(-10_000);
      const [, address] = /listening on (http:\/\/[\w.:]+)/.exec(text) ?? [];
      if (address !== undefined) resolve(address);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
  });
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @returns {Promise<string>}
 */
function endOf(child) {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(`could not start: ${error.message}`));
    child.once('exit', (code, signal) => resolve(`ended with ${code ?? signal ?? 'nothing'}`));
  });
}

/**
 * @param {number | undefined} pid
 * @param {Promise<string>} ended
 */
async function stop(pid, ended) {
  signalGroup(pid, 'SIGTERM');
  await Promise.race([ended, setTimeout(3000)]);
  signalGroup(pid, 'SIGKILL');
}

/**
 * @param {number | undefined} pid
 * @param {NodeJS.Signals} signal
 */
function signalGroup(pid, signal) {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // Nothing of it runs any more.
  }
}

/** @param {string} file */
function lastLines(file) {
  return readFileSync(file, 'utf8').split('\n').slice(-15).join('\n');
}
