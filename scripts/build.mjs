// Bundles what runs into dist/: node scripts/build.mjs [--production] [extension|worker|helper|cli]…
import { chmodSync } from 'node:fs';
import { argv } from 'node:process';
import { fileURLToPath, URL } from 'node:url';
import { build } from 'esbuild';

const PROJECT = fileURLToPath(new URL('..', import.meta.url));

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
const REQUIRE = "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);";

/** @type {Readonly<Record<string, (minify: boolean) => import('esbuild').BuildOptions>>} */
const PARTS = {
  extension: (minify) => ({
    entryPoints: ['src/extension.ts'],
    outfile: 'dist/extension.cjs',
    format: 'cjs',
    external: ['vscode'],
    minify,
  }),
  worker: (minify) => ({
    entryPoints: ['src/discovery/worker.ts'],
    outfile: 'dist/discovery-worker.cjs',
    format: 'cjs',
    minify,
  }),
  // Never minified: whoever lets it run as root can read it.
  helper: () => ({ entryPoints: ['src/helper/main.ts'], outfile: 'dist/helper.cjs', format: 'cjs' }),
  cli: (minify) => ({
    entryPoints: ['src/cli/main.ts'],
    outfile: 'dist/cli.js',
    format: 'esm',
    banner: { js: `#!/usr/bin/env node\n${REQUIRE}` },
    minify,
  }),
};

/**
 * Bundles some parts, or all of them.
 * @param {{ parts?: readonly string[], production?: boolean }} options
 * @returns {Promise<void>} rejects with what esbuild has printed.
 */
export async function buildParts({ parts = [], production = false } = {}) {
  const unknown = parts.filter((part) => !(part in PARTS));
  if (unknown.length > 0)
    throw new Error(`unknown part ${unknown.join(', ')}; there are ${Object.keys(PARTS).join(', ')}`);
  const chosen = Object.entries(PARTS).filter(([name]) => parts.length === 0 || parts.includes(name));
  await Promise.all(chosen.map(([, part]) => build({ ...COMMON, ...part(production) })));
  if (parts.length === 0 || parts.includes('cli')) chmodSync(`${PROJECT}dist/cli.js`, 0o755);
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const words = argv.slice(2);
  await buildParts({
    parts: words.filter((word) => !word.startsWith('-')),
    production: words.includes('--production'),
  });
}
