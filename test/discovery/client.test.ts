import { build } from 'esbuild';
import { execa } from 'execa';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startDiscovery, type Discovery } from '../../src/discovery/client.ts';
import { patience } from '../support/pace.ts';
import { until } from '../support/until.ts';

const WORKER = resolve('dist/discovery-worker.cjs');

let folder = '';
let discovery: Discovery | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'discovery-'));
});
afterEach(() => {
  discovery?.dispose();
  discovery = undefined;
  rmSync(folder, { recursive: true });
});

function discoverWith(workerFile: string): Discovery {
  discovery = startDiscovery(workerFile);
  return discovery;
}

/** A worker that runs `broken` at its first request ever, and answers all later ones. */
function workerThatBreaksOnce(broken: string): string {
  const file = join(folder, 'worker.cjs');
  writeFileSync(
    file,
    `const { parentPort } = require('node:worker_threads');
     const { openSync } = require('node:fs');
     parentPort.on('message', ({ id }) => {
       let first = true;
       try { openSync(${JSON.stringify(join(folder, 'asked'))}, 'wx'); } catch { first = false; }
       if (first) { ${broken} } else parentPort.postMessage({ id, answer: 'well' });
     });`,
  );
  return file;
}

it('takes snapshots in a thread', async () => {
  const thread = discoverWith(WORKER);
  const { processes, namespaces, layout } = await thread.snapshot();
  expect(processes.map(({ pid }) => pid)).toContain(process.pid);
  expect(namespaces.some(({ type, pids }) => type === 'net' && pids.includes(process.pid))).toBe(true);
  expect(layout).toMatch(/^(v1|v2|hybrid|none)$/);
});

it('gives one answer to those who ask at the same time, and a new one later', async () => {
  const thread = discoverWith(WORKER);
  const [first, second] = await Promise.all([thread.snapshot(), thread.snapshot()]);
  expect(second).toBe(first);
  expect(await thread.snapshot()).not.toBe(first);
});

it.each([
  ['throws', `throw new Error('boom')`, 'boom'],
  ['exits', 'process.exit(3)', 'the discovery thread has ended'],
  ['says that it failed', `parentPort.postMessage({ id, error: 'no /proc' })`, 'no /proc'],
])('rejects when the thread %s, and is well at the next call', async (_, broken, message) => {
  const thread = discoverWith(workerThatBreaksOnce(broken));
  await expect(thread.snapshot()).rejects.toThrow(message);
  expect(await thread.snapshot()).toBe('well');
});

it('survives a thread that breaks while nothing is asked of it', async () => {
  const ended = join(folder, 'ended');
  const thread = discoverWith(
    workerThatBreaksOnce(
      `parentPort.postMessage({ id, answer: 'before' });
       process.on('exit', () => openSync(${JSON.stringify(ended)}, 'w'));
       setTimeout(() => { throw new Error('late'); }, 20);`,
    ),
  );
  expect(await thread.snapshot()).toBe('before');
  await until('the thread has ended', () => existsSync(ended));
  await until('an answer of a new thread', () => thread.snapshot().catch(() => undefined));
});

it('rejects when the file of the thread is missing', async () => {
  await expect(discoverWith(join(folder, 'nothing.cjs')).snapshot()).rejects.toThrow('nothing.cjs');
});

it('rejects what is under way when it is disposed', async () => {
  const thread = discoverWith(WORKER);
  const answer = expect(thread.snapshot()).rejects.toThrow('the discovery thread has ended');
  thread.dispose();
  await answer;
});

/** The client as a module that a program of its own can import. */
async function bundledClient(): Promise<string> {
  const outfile = join(folder, 'client.mjs');
  await build({ entryPoints: ['src/discovery/client.ts'], bundle: true, platform: 'node', format: 'esm', outfile });
  return outfile;
}

it.skipIf(process.getuid?.() !== 0)(
  'says so when /proc vanishes, and is well when it is back (needs root)',
  async () => {
    const program = `
    import { execFileSync } from 'node:child_process';
    import { startDiscovery } from ${JSON.stringify(await bundledClient())};
    const discovery = startDiscovery(${JSON.stringify(WORKER)});
    const seen = () => discovery.snapshot().then(({ processes }) => processes.some(({ pid }) => pid === process.pid));
    const patience = setInterval(() => {}, 1000);
    console.log(await seen());
    execFileSync('mount', ['-t', 'tmpfs', 'nothing', '/proc']);
    console.log(await seen().catch(({ message }) => message));
    execFileSync('mount', ['-t', 'proc', 'proc', '/proc']);
    console.log(await seen());
    clearInterval(patience);`;
    const { stdout } = await execa('unshare', ['--mount', 'node', '--input-type=module', '-e', program]);
    expect(stdout.split('\n')).toEqual(['true', expect.stringContaining('/proc/self/mountinfo'), 'true']);
  },
);

it('keeps no program running', async () => {
  const outfile = await bundledClient();
  const program = `
    import { startDiscovery } from ${JSON.stringify(outfile)};
    const patience = setInterval(() => {}, 1000);
    const { processes } = await startDiscovery(${JSON.stringify(WORKER)}).snapshot();
    clearInterval(patience);
    console.log(processes.some(({ pid }) => pid === process.pid));`;
  const { stdout } = await execa('node', ['--input-type=module', '-e', program], { timeout: patience(20_000) });
  expect(stdout).toBe('true');
});
