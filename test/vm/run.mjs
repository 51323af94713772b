// Runs tests in virtual machines with systemd, cgroup v2 and polkit: node test/vm/run.mjs [--out FOLDER] [--all | [--root] [--name PATTERN] FILE…]
// The suites of this folder and some of the tests against the kernel, or of these alone: all, as root, or those of the files, and
// with the names, that are given.
// The last line is `N passed, N failed, N skipped`; FOLDER/vm.json says the same, with each test.
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { arch, env, execPath } from 'node:process';
import { fileURLToPath, URL } from 'node:url';
import { parseArgs } from 'node:util';
import { execa } from 'execa';
import { asRoot, needPrograms } from '../../scripts/debian-packages.mjs';
import { boot } from './boot.mjs';
import { IMAGE } from './image.mjs';
import { ALL_TESTS, TESTS_AS_ROOT, TESTS_AS_USER } from './kernel-tests.mjs';
import { shareKernelTests, shareSuites } from './shares.mjs';

/** @typedef {{ title: string, state: 'passed' | 'failed' | 'skipped', detail: string }} Outcome */

const HERE = fileURLToPath(new URL('.', import.meta.url));
const PROJECT = join(HERE, '../..');
const PROGRAMS = { mmdebstrap: 'mmdebstrap', mke2fs: 'e2fsprogs', 'qemu-system-x86_64': 'qemu-system-x86' };
/** Milliseconds; a machine of those that `npm test` starts takes about ten minutes, half of all the tests up to two hours. */
const TIMEOUT = 1_200_000;
const TIMEOUT_OF_CHOSEN = 18_000_000;

const { values, positionals } = parseArgs({
  options: {
    out: { type: 'string', default: join(PROJECT, 'out') },
    all: { type: 'boolean', default: false },
    root: { type: 'boolean', default: false },
    name: { type: 'string', default: '' },
  },
  allowPositionals: true,
});
const unknown = positionals.find((file) => !existsSync(join(PROJECT, file)));
if (unknown !== undefined)
  throw new Error(`There is no ${unknown}: name files or folders of the tests against the kernel.`);
const shares = mkdtempSync(join(tmpdir(), 'vm-share-'));
try {
  const reason = await whyNot();
  report(reason === undefined ? await outcomesInMachines() : await skippedOutcomes(reason));
} finally {
  rmSync(shares, { recursive: true, force: true });
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

/** Each machine has one processor, so that two go on beside each other. @returns {Promise<readonly Outcome[]>} */
async function outcomesInMachines() {
  if (positionals.length > 0) return kernelTestsInMachine(positionals, values.root, TIMEOUT_OF_CHOSEN);
  const outcomes = values.all
    ? ALL_TESTS.map((files) => kernelTestsInMachine(files, true, TIMEOUT_OF_CHOSEN))
    : [suitesInMachine(), someKernelTestsInMachines()];
  return (await Promise.all(outcomes)).flat();
}

/** @returns {Promise<readonly Outcome[]>} */
async function someKernelTestsInMachines() {
  const asUser = await kernelTestsInMachine(TESTS_AS_USER, false, TIMEOUT);
  return [...asUser, ...(await kernelTestsInMachine(TESTS_AS_ROOT, true, TIMEOUT))];
}

/** @returns {Promise<readonly Outcome[]>} */
async function suitesInMachine() {
  const share = shareFolder();
  await shareSuites(share);
  return outcomesInMachine(share, TIMEOUT);
}

/**
 * @param {readonly string[]} files
 * @param {boolean} asRoot
 * @param {number} timeout milliseconds
 */
async function kernelTestsInMachine(files, asRoot, timeout) {
  const share = shareFolder();
  await shareKernelTests(share, files, { asRoot, name: values.name });
  return outcomesInMachine(share, timeout);
}

/** Everybody in the machine may enter it. */
function shareFolder() {
  const folder = mkdtempSync(join(shares, 'share-'));
  chmodSync(folder, 0o755);
  return folder;
}

/**
 * @param {string} share
 * @param {number} timeout milliseconds
 * @returns {Promise<readonly Outcome[]>}
 */
async function outcomesInMachine(share, timeout) {
  /** @type {(Outcome | undefined)[]} */
  const said = [];
  const log = await boot({ image: IMAGE, share, timeout, onLine: (line) => said.push(outcomeOf(line)) });
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
 * The suites themselves say which tests they have; the tests against the kernel do so where they run outside.
 * @param {string} reason
 * @returns {Promise<readonly Outcome[]>}
 */
async function skippedOutcomes(reason) {
  const share = shareFolder();
  await shareSuites(share);
  const args = [`--test-reporter=${join(share, 'reporter.mjs')}`, join(share, 'suite.cjs')];
  const { stdout } = await execa(execPath, args, { env: { ...env, WHY_NOT: reason } });
  const suites = stdout.split('\n').map(outcomeOf);
  const kernel = told({ title: 'the tests against the kernel in a virtual machine', state: 'skipped', detail: reason });
  return [...suites, kernel].filter((outcome) => outcome !== undefined);
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
