// Runs the suites of this folder in a virtual machine with systemd, cgroup v2 and polkit: node test/vm/run.mjs [--out FOLDER]
// The last line is `N passed, N failed, N skipped`; FOLDER/vm.json says the same, with each test.
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { arch, env, execPath } from 'node:process';
import { fileURLToPath, URL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { execa } from 'execa';
import { buildAll } from '../../scripts/build.mjs';
import { asRoot, needPrograms } from '../../scripts/debian-packages.mjs';
import { boot } from './boot.mjs';
import { IMAGE } from './image.mjs';

/** @typedef {{ title: string, state: 'passed' | 'failed' | 'skipped', detail: string }} Outcome */

const HERE = fileURLToPath(new URL('.', import.meta.url));
const PROGRAMS = { mmdebstrap: 'mmdebstrap', mke2fs: 'e2fsprogs', 'qemu-system-x86_64': 'qemu-system-x86' };
/** Milliseconds; a run takes about two minutes. */
const TIMEOUT = 400_000;

const { values } = parseArgs({ options: { out: { type: 'string', default: join(HERE, '../../out') } } });
const share = mkdtempSync(join(tmpdir(), 'vm-share-'));
try {
  await fillShare();
  const reason = await whyNot();
  report(reason === undefined ? await outcomesInMachine() : await skippedOutcomes(reason));
} finally {
  rmSync(share, { recursive: true, force: true });
}

/** What is shipped, the suites, and the Node that runs both. */
async function fillShare() {
  await buildAll({ production: true, outdir: join(share, 'dist') });
  await build({
    entryPoints: [join(HERE, 'suites/main.ts')],
    outfile: join(share, 'suite.cjs'),
    bundle: true,
    platform: 'node',
    target: 'node20',
    logLevel: 'warning',
    sourcemap: 'inline',
  });
  cpSync(join(HERE, 'reporter.mjs'), join(share, 'reporter.mjs'));
  copyFileSync(execPath, join(share, 'node'));
}

/** Makes what the machine needs. @returns {Promise<string | undefined>} why it cannot be had here */
async function whyNot() {
  if (arch !== 'x64') return `the virtual machine is for x64, and this is ${arch}`;
  try {
    await needPrograms(PROGRAMS);
    await asRoot([execPath, join(HERE, 'image.mjs')], { stdin: 'inherit', stdout: 'inherit' });
    return await missingLibraries();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    console.error(message);
    return `the virtual machine could not be made: ${message.split('\n', 1).join('')}`;
  }
}

/** @returns {Promise<string | undefined>} */
async function missingLibraries() {
  const there = new Set(readFileSync(join(IMAGE, 'libraries'), 'utf8').split('\n'));
  const { stdout } = await execa('ldd', [execPath]);
  const needed = [...stdout.matchAll(/^\t(\S+) =>/gm)].map(([, name = '']) => name);
  const missing = needed.filter((name) => !there.has(name));
  return missing.length === 0 ? undefined : `the virtual machine lacks ${missing.join(', ')}, which this Node needs`;
}

/** @returns {Promise<readonly Outcome[]>} */
async function outcomesInMachine() {
  /** @type {(Outcome | undefined)[]} */
  const said = [];
  const log = await boot({ image: IMAGE, share, timeout: TIMEOUT, onLine: (line) => said.push(outcomeOf(line)) });
  const outcomes = said.filter((outcome) => outcome !== undefined);
  if (outcomes.length < said.length) return outcomes;
  return [
    ...outcomes,
    { title: 'the tests in a virtual machine', state: 'failed', detail: `they did not end\n${log}` },
  ];
}

/**
 * @param {string} line of the reporter
 * @returns {Outcome | undefined} undefined is the last one
 */
function outcomeOf(line) {
  /** @type {unknown} */
  const parsed = JSON.parse(line);
  const said = /** @type {Outcome | { end: true }} */ (parsed);
  return 'end' in said ? undefined : told(said);
}

/** @param {Outcome} outcome */
function told(outcome) {
  console.log(`${outcome.state}: ${outcome.title}${outcome.detail && `\n${outcome.detail}`}`);
  return outcome;
}

/**
 * The suites themselves say which tests they have.
 * @param {string} reason
 * @returns {Promise<readonly Outcome[]>}
 */
async function skippedOutcomes(reason) {
  const args = [`--test-reporter=${join(share, 'reporter.mjs')}`, join(share, 'suite.cjs')];
  const { stdout } = await execa(execPath, args, { env: { ...env, WHY_NOT: reason } });
  return stdout
    .split('\n')
    .map(outcomeOf)
    .filter((outcome) => outcome !== undefined);
}

/** @param {readonly Outcome[]} tests */
function report(tests) {
  const count = (/** @type {Outcome['state']} */ state) => tests.filter((test) => test.state === state).length;
  const totals = { passed: count('passed'), failed: count('failed'), skipped: count('skipped') };
  const out = resolve(values.out);
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, 'vm.json'), JSON.stringify({ ...totals, tests }, undefined, 2));
  console.log(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
  process.exitCode = totals.failed > 0 || tests.length === 0 ? 1 : 0;
}
