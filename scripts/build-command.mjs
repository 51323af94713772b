// Bundles the command `unshared`: what npm links to, the program in one file, and V8's code cache of that.
import { execFileSync } from 'node:child_process';
import { chmodSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { env, execPath } from 'node:process';
import { fileURLToPath, URL } from 'node:url';
import { build } from 'esbuild';

/** A function of what the entry has: so the program is a script, of which V8 makes a code cache. */
const PROGRAM = {
  banner: "(function (require, __filename) { const address = require('node:url').pathToFileURL(__filename).href;",
  footer: '})',
};

/**
 * Always minified: what is read at every start should be short.
 * @param {string} outdir
 * @param {import('esbuild').BuildOptions} common
 */
export async function buildCommand(outdir, common) {
  // A cache is never of another program, also where this ends halfway.
  for (const name of readdirSync(outdir)) if (name.endsWith('.cache')) rmSync(join(outdir, name));
  await Promise.all([program(outdir, common), entry(outdir, common)]);
  makeCache(join(outdir, 'command.cjs'));
  chmodSync(join(outdir, 'cli.cjs'), 0o755);
}

/**
 * @param {string} outdir
 * @param {import('esbuild').BuildOptions} common
 */
function program(outdir, common) {
  return build({
    ...common,
    entryPoints: ['src/cli/main.ts'],
    outfile: join(outdir, 'command.cjs'),
    format: 'cjs',
    banner: { js: PROGRAM.banner },
    footer: { js: PROGRAM.footer },
    define: { 'import.meta.url': 'address' },
    supported: { 'dynamic-import': false },
    minify: true,
  });
}

/**
 * @param {string} outdir
 * @param {import('esbuild').BuildOptions} common
 */
function entry(outdir, common) {
  return build({
    ...common,
    entryPoints: ['src/cli/entry.ts'],
    outfile: join(outdir, 'cli.cjs'),
    banner: { js: '#!/usr/bin/env node' },
  });
}

/** By a Node without options, which are a part of what the cache is for. @param {string} file */
function makeCache(file) {
  const script = fileURLToPath(new URL('code-cache.mjs', import.meta.url));
  execFileSync(execPath, [script, file], { env: { ...env, NODE_OPTIONS: '' }, stdio: 'inherit' });
}
