import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { execPath, getuid } from 'node:process';
import { execa } from 'execa';
import { buildAll } from './build.mjs';
import { needPrograms } from './debian-packages.mjs';

/** @typedef {{ title: string, state: 'passed' | 'failed' | 'skipped', detail: string }} Outcome */

/** What the tests need beyond Node, each with the Debian package it comes from. */
const PROGRAMS = {
  unshare: 'util-linux',
  lsns: 'util-linux',
  script: 'bsdutils',
  ip: 'iproute2',
  ps: 'procps',
  tar: 'tar',
  xz: 'xz-utils',
  git: 'git',
  gcc: 'build-essential',
  pasta: 'passt',
  slirp4netns: 'slirp4netns',
  nft: 'nftables',
  python3: 'python3',
  busybox: 'busybox-static',
  strace: 'strace',
  tcpdump: 'tcpdump',
  newuidmap: 'uidmap',
  pkexec: 'pkexec',
  pkttyagent: 'polkitd',
  sudo: 'sudo',
  'dbus-daemon': 'dbus',
  'dbus-send': 'dbus-bin',
  debootstrap: 'debootstrap',
  chromium: 'chromium',
};

/**
 * Runs the tests against the kernel, those in a real VS Code and those in a virtual machine, and prints the sum.
 * @param {string} project
 * @returns {Promise<number>} the exit status
 */
export async function runAllTests(project) {
  const out = join(project, 'out');
  for (const name of ['kernel.json', 'e2e/summary.json', 'vm.json']) rmSync(join(out, name), { force: true });
  mkdirSync(out, { recursive: true });
  await needPrograms(PROGRAMS);
  const debian = await debianRoot();
  await buildAll({ production: true });
  const env = { TEST_BUILT: '1', ...(debian === undefined ? {} : { DEBOOTSTRAP_ROOT: debian }) };
  const vitest = [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${out}/kernel.json`,
  ];
  const options = /** @type {const} */ ({ cwd: project, env, stdio: 'inherit', reject: false });
  await execa(execPath, vitest, options);
  await execa(execPath, ['test/e2e/run.mjs'], options);
  await execa(execPath, ['test/vm/run.mjs'], options);
  return report([
    ...outcomesOfVitest(join(out, 'kernel.json')),
    ...outcomesIn(join(out, 'e2e/summary.json'), 'the tests in VS Code'),
    ...outcomesIn(join(out, 'vm.json'), 'the tests in a virtual machine'),
  ]);
}

/** A small Debian to be a root file system, made once; only root can make one. */
async function debianRoot() {
  if (getuid?.() !== 0) return undefined;
  const folder = '/var/cache/namespace-sandboxes-test/debian';
  const { failed } = await execa('test', ['-x', `${folder}/usr/bin/dpkg`], { reject: false });
  if (!failed) return folder;
  console.log('Making a small Debian with debootstrap…');
  rmSync(folder, { recursive: true, force: true });
  const made = await execa('debootstrap', ['--variant=minbase', 'stable', folder], { reject: false });
  if (!made.failed) return folder;
  console.log(`debootstrap failed: ${made.stderr.split('\n').at(-1) ?? ''}`);
  return undefined;
}

/**
 * @typedef {{ fullName: string, status: string, failureMessages: string[] }} Assertion
 * @typedef {{ name: string, status: string, message: string, assertionResults: Assertion[] }} TestFile
 */

/**
 * @param {string} file
 * @returns {readonly Outcome[]}
 */
function outcomesOfVitest(file) {
  const report = /** @type {{ testResults: TestFile[] } | undefined} */ (readJson(file));
  if (report === undefined)
    return [{ title: 'the tests against the kernel', state: 'failed', detail: 'they left no report' }];
  return report.testResults.flatMap(outcomesOfFile);
}

/**
 * @param {TestFile} file
 * @returns {readonly Outcome[]}
 */
function outcomesOfFile({ name, status, message, assertionResults }) {
  if (assertionResults.length === 0 && status === 'failed') return [{ title: name, state: 'failed', detail: message }];
  return assertionResults.map(({ fullName, status: one, failureMessages }) => ({
    title: fullName,
    state: one === 'passed' || one === 'failed' ? one : 'skipped',
    detail: failureMessages.join('\n'),
  }));
}

/**
 * @param {string} file
 * @param {string} tests
 * @returns {readonly Outcome[]}
 */
function outcomesIn(file, tests) {
  const report = /** @type {{ tests: Outcome[] } | undefined} */ (readJson(file));
  return report?.tests ?? [{ title: tests, state: 'failed', detail: 'they left no report' }];
}

/**
 * @param {string} file
 * @returns {unknown} undefined where there is none
 */
function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * A skipped test says in its own title, or in that of its group, what it needs.
 * @param {readonly Outcome[]} outcomes
 */
function report(outcomes) {
  const count = (/** @type {Outcome['state']} */ state) => outcomes.filter((outcome) => outcome.state === state).length;
  for (const { title, state, detail } of outcomes) {
    if (state === 'skipped') console.log(`skipped: ${title}${detail ? ` (${detail})` : ''}`);
    if (state === 'failed') console.log(`FAILED: ${title}\n${detail}`);
  }
  console.log(`${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`);
  return count('failed') > 0 || count('passed') === 0 ? 1 : 0;
}
