// Bundles what runs into dist/: node scripts/build.mjs [--production]
import { copyFileSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { arch, argv } from 'node:process';
import { fileURLToPath, URL } from 'node:url';
import { build } from 'esbuild';
import { buildCommand } from './build-command.mjs';
import { besidesPackages, buildPackages, JSONC_PARTS } from './build-packages.mjs';
import { fetchPackage } from './fetch-package.mjs';

const PROJECT = fileURLToPath(new URL('..', import.meta.url));
/** @type {import('esbuild').BuildOptions} */
const COMMON = {
  absWorkingDir: PROJECT,
  bundle: true,
  platform: 'node',
  target: 'node20',
  mainFields: ['module', 'main'],
  logLevel: 'warning',
  loader: { '.pl': 'text' },
};

/** The script of the picture, which is never one of an earlier build. */
const PICTURE = 'wiring.js';

/** Where `modules` puts the native part of koffi, by the names of `process.arch`. */
const NATIVE = 'native';
const NATIVE_ARCHES = /** @type {const} */ (['x64', 'arm64']);

/**
 * koffi is its native part: what loads that from a package is not needed beside one file per architecture.
 * @type {import('esbuild').Plugin}
 */
const NATIVE_KOFFI = {
  name: 'native-koffi',
  setup(bundle) {
    bundle.onResolve({ filter: /^koffi$/ }, () => ({ path: 'koffi', namespace: 'native' }));
    bundle.onLoad({ filter: /.*/, namespace: 'native' }, () => ({
      contents: `const file = './${NATIVE}/koffi-' + process.arch + '.node'; module.exports = require(file);`,
      loader: 'js',
    }));
  },
};

/** CommonJS packages inside an ES module ask for Node's own modules by `require`. */
const REQUIRE = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

/**
 * The extension has what it loads late in files beside it: activation reads a few kilobytes.
 * @param {string} outdir
 * @param {boolean} minify
 */
function modules(outdir, minify) {
  return build({
    ...COMMON,
    entryPoints: { extension: 'src/extension.ts' },
    outdir,
    format: 'esm',
    splitting: true,
    external: ['vscode'],
    banner: { js: REQUIRE },
    plugins: [NATIVE_KOFFI, besidesPackages(['execa', 'tar-stream'])],
    metafile: true,
    minify,
  });
}

/**
 * What runs beside the extension, each in one file.
 * @param {string} outdir
 * @param {boolean} minify
 */
function besides(outdir, minify) {
  return build({
    ...COMMON,
    entryPoints: {
      'discovery-worker': 'src/discovery/worker.ts',
      'inspection-worker': 'src/discovery/details/worker.ts',
      server: 'src/server/main.ts',
    },
    outdir,
    outExtension: { '.js': '.cjs' },
    plugins: [NATIVE_KOFFI],
    minify,
  });
}

/**
 * What runs in the picture of the networks, which is a web page. elkjs comes small already.
 * @param {string} outdir
 * @param {boolean} minify
 */
function picture(outdir, minify) {
  return build({
    ...COMMON,
    platform: 'browser',
    target: 'es2022',
    mainFields: ['browser', 'module', 'main'],
    entryPoints: [
      { in: 'src/picture/page/main.ts', out: 'wiring' },
      { in: 'src/picture/page/style.css', out: 'wiring' },
    ],
    outdir,
    format: 'iife',
    minify,
  });
}

/**
 * One file, never minified: whoever lets it run as root can read it.
 * @param {string} outdir
 */
function helper(outdir) {
  return build({ ...COMMON, entryPoints: ['src/helper/main.ts'], outfile: join(outdir, 'helper.cjs') });
}

/** Scripts that root runs, as they are. */
const ROOT_SCRIPTS = ['src/helper/enter.sh', 'src/elevation/scripts/install.sh', 'src/elevation/scripts/remove.sh'];

/** @param {string} outdir */
function copyRootScripts(outdir) {
  for (const script of ROOT_SCRIPTS) copyFileSync(join(PROJECT, script), join(outdir, basename(script)));
}

/**
 * @param {{ production?: boolean, outdir?: string }} options
 * @returns {Promise<void>} rejects with what esbuild has printed.
 */
export async function buildAll({ production = false, outdir = join(PROJECT, 'dist') } = {}) {
  mkdirSync(outdir, { recursive: true });
  const [{ metafile }] = await Promise.all([
    modules(outdir, production),
    besides(outdir, production),
    picture(outdir, production),
    helper(outdir),
    buildPackages(outdir, { ...COMMON, minify: production }),
    buildCommand(outdir, {
      ...COMMON,
      plugins: [NATIVE_KOFFI, JSONC_PARTS, besidesPackages(['execa', 'tar-stream', 'vscode-jsonrpc'])],
    }),
  ]);
  copyNative(outdir, production ? NATIVE_ARCHES : NATIVE_ARCHES.filter((name) => name === arch));
  copyRootScripts(outdir);
  if (production) removeStale(outdir, [...Object.keys(metafile.outputs).map((file) => basename(file)), PICTURE]);
}

/** @param {string} name */
const koffiPackage = (name) => `@koromix/koffi-linux-${name}`;

/**
 * npm installs the native part for this machine alone; that for another comes as the package that the lockfile names.
 * @param {string} outdir
 * @param {readonly string[]} arches
 */
function copyNative(outdir, arches) {
  mkdirSync(join(outdir, NATIVE), { recursive: true });
  for (const name of arches) {
    const folder = name === arch ? join(PROJECT, 'node_modules', koffiPackage(name)) : fetchPackage(koffiPackage(name));
    copyFileSync(join(folder, `linux_${name}/koffi.node`), join(outdir, NATIVE, `koffi-${name}.node`));
  }
}

/**
 * Files of parts are named after what is in them, so that those of earlier builds stay: which serves whoever still runs
 * one, but is not to be shipped.
 * @param {string} outdir
 * @param {readonly string[]} fresh
 */
function removeStale(outdir, fresh) {
  const present = readdirSync(outdir).filter((name) => name.endsWith('.js'));
  for (const name of present) if (!fresh.includes(name)) rmSync(join(outdir, name));
}

if (argv[1] === fileURLToPath(import.meta.url)) await buildAll({ production: argv.includes('--production') });
