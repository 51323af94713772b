// Bundles what runs into dist/: node scripts/build.mjs [--production]
import { chmodSync, readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { argv } from 'node:process';
import { fileURLToPath, URL } from 'node:url';
import { build } from 'esbuild';

const PROJECT = fileURLToPath(new URL('..', import.meta.url));
const DIST = join(PROJECT, 'dist');

/** @type {import('esbuild').BuildOptions} */
const COMMON = {
  absWorkingDir: PROJECT,
  bundle: true,
  platform: 'node',
  target: 'node20',
  mainFields: ['module', 'main'],
  logLevel: 'warning',
};

/** CommonJS packages inside an ES module ask for Node's own modules by `require`. */
const REQUIRE = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

/**
 * Extension and command line share what they load late, in files beside them: activation reads a few kilobytes.
 * @param {boolean} minify
 */
function modules(minify) {
  return build({
    ...COMMON,
    entryPoints: { extension: 'src/extension.ts', cli: 'src/cli/main.ts' },
    outdir: 'dist',
    format: 'esm',
    splitting: true,
    external: ['vscode'],
    banner: { js: REQUIRE },
    metafile: true,
    minify,
  });
}

/** @param {boolean} minify */
function worker(minify) {
  return build({ ...COMMON, entryPoints: ['src/discovery/worker.ts'], outfile: 'dist/discovery-worker.cjs', minify });
}

/** One file, never minified: whoever lets it run as root can read it. */
function helper() {
  return build({ ...COMMON, entryPoints: ['src/helper/main.ts'], outfile: 'dist/helper.cjs' });
}

/**
 * @param {{ production?: boolean }} options
 * @returns {Promise<void>} rejects with what esbuild has printed.
 */
export async function buildAll({ production = false } = {}) {
  const [{ metafile }] = await Promise.all([modules(production), worker(production), helper()]);
  chmodSync(join(DIST, 'cli.js'), 0o755);
  removeStale(Object.keys(metafile.outputs).map((file) => basename(file)));
}

/**
 * Shared files are named after what is in them, so that those of earlier builds would stay.
 * @param {readonly string[]} fresh
 */
function removeStale(fresh) {
  const present = readdirSync(DIST).filter((name) => name.endsWith('.js'));
  for (const name of present) if (!fresh.includes(name)) rmSync(join(DIST, name));
}

if (argv[1] === fileURLToPath(import.meta.url)) await buildAll({ production: argv.includes('--production') });
