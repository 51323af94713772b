import { chmodSync, copyFileSync, cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { fileURLToPath, URL } from 'node:url';
import { build } from 'esbuild';
import { execa } from 'execa';
import { buildAll } from '../../scripts/build.mjs';
import { findProgram } from '../../scripts/debian-packages.mjs';
import { copyPackages } from './packages.mjs';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const PROJECT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
const PACKAGES = [
  'execa',
  'jsonc-parser',
  'koffi',
  'valibot',
  'tar-stream',
  'vscode-jsonrpc',
  'vitest',
  'fast-check',
  'esbuild',
];
const PORT = '/dev/virtio-ports/outcomes';

/** The suites of this folder, which change the whole machine: node:test runs them. @param {string} share */
export async function shareSuites(share) {
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
  await shareShipped(share, [
    `exec ./node --test-reporter=./reporter.mjs --test-reporter-destination=${PORT} suite.cjs`,
  ]);
}

/**
 * The tests against the kernel as they run outside: vitest runs them.
 * @param {string} share
 * @param {readonly string[]} files or folders of them
 * @param {{ asRoot: boolean, name: string }} how as root, or as a user who has nothing but an account; `name` is a pattern, of vitest
 */
export async function shareKernelTests(share, files, { asRoot, name }) {
  for (const name of ['src', 'test', 'scripts', 'package.json', 'tsconfig.json'])
    cpSync(join(PROJECT, name), join(share, name), { recursive: true });
  copyPackages(PACKAGES, PROJECT, share);
  await compileCalls(share);
  const become = asRoot ? 'HOME=/root' : 'setpriv --reuid=stranger --regid=stranger --init-groups --reset-env --';
  const vitest = 'node_modules/vitest/vitest.mjs run --config test/vm/vitest.config.mjs --configLoader native';
  const words = [...files, ...(name === '' ? [] : ['--testNamePattern', name])].map(quoted).join(' ');
  const variables = 'TEST_BUILT=1 TEST_SLOWNESS=10 CI=1 TRY_CALLS=/srv/share/try-calls PATH="/srv/share:$PATH"';
  await shareShipped(share, [`exec env ${become} env ${variables} ./node ${vitest} ${words} 3>${PORT}`]);
}

/** @param {string} word of sh */
const quoted = (word) => `'${word.replaceAll("'", String.raw`'\''`)}'`;

/** The machine has no compiler. @param {string} share */
async function compileCalls(share) {
  if (findProgram('gcc') === undefined) return;
  const source = join(PROJECT, 'test/sandbox/confinement/try-calls.c');
  await execa('gcc', ['-static', '-o', join(share, 'try-calls'), source]);
}

/**
 * What is shipped, the Node that runs it, and `run`, which the machine starts.
 * @param {string} share
 * @param {readonly string[]} lines of sh
 */
async function shareShipped(share, lines) {
  await buildAll({ production: true, outdir: join(share, 'dist') });
  copyFileSync(execPath, join(share, 'node'));
  writeFileSync(join(share, 'run'), ['#!/bin/sh', ...lines, ''].join('\n'));
  chmodSync(join(share, 'run'), 0o755);
}
