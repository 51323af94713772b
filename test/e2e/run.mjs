// Runs the suites in a real VS Code: node test/e2e/run.mjs [--out FOLDER] [SUITE…]
// The last line is `N passed, N failed, N skipped`; FOLDER/e2e/summary.json says the same, with each test.
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { env, getuid } from 'node:process';
import { fileURLToPath, URL } from 'node:url';
import { parseArgs } from 'node:util';
import { runTests } from '@vscode/test-electron';
import { build } from 'esbuild';
import { buildAll } from '../../scripts/build.mjs';
import { needPrograms } from '../../scripts/debian-packages.mjs';
import { installHost } from '../vscode-host/install.mjs';

/**
 * @typedef {{ title: string, state: 'passed' | 'failed' | 'skipped', detail: string }} Outcome
 * @typedef {{ name: string, code: string, suites: readonly string[], profiles?: boolean }} Launch whether the workspace
 *   has a profile file: it has one unless said otherwise
 */

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const HERE = join(PROJECT, 'test/e2e');
const HOST = join(PROJECT, 'test/vscode-host');
const MOCHA = join(PROJECT, 'node_modules/mocha/index.js');

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { out: { type: 'string', default: join(PROJECT, 'out') } },
});
const out = resolve(values.out);
const bundles = join(out, 'e2e');
/** A copy of its own, as it is shipped, that no build at the same time changes. */
const extension = join(bundles, 'extension');

/** Workspace Trust cannot be turned on in a running VS Code: its suites have one of their own. */
const WITH_TRUST = ['restricted'];
/** A workspace with a profile file activates the extension by itself. */
const WITHOUT_PROFILES = ['activation'];
/** Needs an ordinary user and a polkit, which root alone can make; for others its suites say that they are skipped. */
const WITH_POLKIT = getuid?.() === 0 && env.VSCODE_EXECUTABLE === undefined ? ['helper'] : [];

await prepare();
/** @type {Outcome[]} */
const outcomes = [];
for (const launch of launches()) outcomes.push(...(await outcomesOf(launch)));
report(outcomes);

async function prepare() {
  mkdirSync(bundles, { recursive: true });
  await buildExtension();
  if (env.VSCODE_EXECUTABLE === undefined) {
    await needPrograms({
      chromium: 'chromium',
      ...(WITH_POLKIT.length > 0 && { pkexec: 'pkexec', 'dbus-daemon': 'dbus', 'dbus-send': 'dbus-bin' }),
    });
    await installHost();
  }
  await bundleSuites();
}

async function buildExtension() {
  for (const name of ['package.json', 'media', 'snippets'])
    cpSync(join(PROJECT, name), join(extension, name), { recursive: true });
  await buildAll({ production: true, outdir: join(extension, 'dist') });
}

/** VS Code loads suites as CommonJS, which alone may ask for 'vscode'; Mocha is an ES module. */
async function bundleSuites() {
  const common = /** @type {const} */ ({
    bundle: true,
    platform: 'node',
    outdir: bundles,
    sourcemap: 'inline',
    logLevel: 'warning',
  });
  const suites = suiteNames().map((name) => join(HERE, `suites/${name}.test.ts`));
  await build({ ...common, entryPoints: suites, format: 'cjs', external: ['vscode'], outExtension: { '.js': '.cjs' } });
  await build({
    ...common,
    entryPoints: [join(HERE, 'mocha.ts')],
    format: 'esm',
    alias: { mocha: MOCHA },
    external: [MOCHA],
    outExtension: { '.js': '.mjs' },
  });
}

/** @returns {readonly string[]} */
function suiteNames() {
  const files = readdirSync(join(HERE, 'suites')).filter((file) => file.endsWith('.test.ts'));
  return files.map((file) => file.replace(/\.test\.ts$/, ''));
}

/** @returns {readonly Launch[]} */
function launches() {
  const chosen = suiteNames().filter((name) => positionals.length === 0 || positionals.includes(name));
  const code = env.VSCODE_EXECUTABLE ?? join(HOST, 'code');
  return [
    {
      name: 'without profiles',
      code,
      suites: chosen.filter((name) => WITHOUT_PROFILES.includes(name)),
      profiles: false,
    },
    {
      name: 'trusted',
      code,
      suites: chosen.filter((name) => ![...WITH_TRUST, ...WITHOUT_PROFILES, ...WITH_POLKIT].includes(name)),
    },
    {
      name: 'with polkit',
      code: join(HOST, 'code-with-polkit'),
      suites: chosen.filter((name) => WITH_POLKIT.includes(name)),
    },
    {
      name: 'restricted',
      code: join(HOST, 'code-with-trust'),
      suites: chosen.filter((name) => WITH_TRUST.includes(name)),
    },
  ].filter(({ suites }) => suites.length > 0);
}

/**
 * Opens one VS Code on a copy of the sample workspace, with a home of its own.
 * @param {Launch} launch
 * @returns {Promise<readonly Outcome[]>}
 */
async function outcomesOf({ name, code, suites, profiles = true }) {
  const folder = mkdtempSync(join(tmpdir(), 'e2e-'));
  const outcomesFile = join(folder, 'outcomes.json');
  const screenshots = join(folder, 'screenshots');
  try {
    const workspace = makeFolders(folder);
    if (!profiles) rmSync(join(workspace, '.vscode'), { recursive: true });
    await runTests({
      vscodeExecutablePath: code,
      extensionDevelopmentPath: extension,
      extensionTestsPath: join(bundles, 'mocha.mjs'),
      launchArgs: [
        workspace,
        `--user-data-dir=${join(folder, 'user')}`,
        `--extensions-dir=${join(folder, 'extensions')}`,
      ],
      extensionTestsEnv: {
        ...homeOf(folder),
        E2E_SUITES: suites.map((suite) => join(bundles, `${suite}.test.cjs`)).join(':'),
        E2E_OUTCOMES: outcomesFile,
        E2E_SCREENSHOTS: screenshots,
        E2E_FOLDER: folder,
      },
    });
    return readOutcomes(outcomesFile);
  } catch (error) {
    return lastOutcomes(name, outcomesFile, error);
  } finally {
    cpSync(screenshots, join(out, 'screenshots'), { recursive: true });
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/**
 * @param {string} folder
 * @returns {string} the workspace
 */
function makeFolders(folder) {
  chmodSync(folder, 0o755);
  const workspace = join(folder, 'sample-workspace');
  cpSync(join(PROJECT, 'test/fixtures/sample-workspace'), workspace, { recursive: true });
  for (const name of ['home', 'extensions', 'screenshots', 'user/User'])
    mkdirSync(join(folder, name), { recursive: true });
  mkdirSync(join(folder, 'run'), { mode: 0o700 });
  cpSync(join(HOST, 'settings.json'), join(folder, 'user/User/settings.json'));
  return workspace;
}

/** @param {string} folder */
function homeOf(folder) {
  const xdg = {
    XDG_CONFIG_HOME: undefined,
    XDG_DATA_HOME: undefined,
    XDG_STATE_HOME: undefined,
    XDG_CACHE_HOME: undefined,
  };
  const runtime = ownRuntimeFolder() ?? join(folder, 'run');
  return { ...xdg, HOME: join(folder, 'home'), XDG_RUNTIME_DIR: runtime };
}

/** The user's systemd manager is found by this folder; one that was inherited from somebody else is of no use. */
function ownRuntimeFolder() {
  const folder = env.XDG_RUNTIME_DIR;
  return folder !== undefined && statSync(folder, { throwIfNoEntry: false })?.uid === getuid?.() ? folder : undefined;
}

/**
 * The tests that have failed, or else that the run did.
 * @param {string} name
 * @param {string} file
 * @param {unknown} error
 * @returns {readonly Outcome[]}
 */
function lastOutcomes(name, file, error) {
  const told = statSync(file, { throwIfNoEntry: false }) ? readOutcomes(file) : [];
  if (told.some(({ state }) => state === 'failed')) return told;
  return [...told, { title: `VS Code, ${name}`, state: 'failed', detail: String(error) }];
}

/**
 * @param {string} file
 * @returns {readonly Outcome[]}
 */
function readOutcomes(file) {
  /** @type {unknown} */
  const parsed = JSON.parse(readFileSync(file, 'utf8'));
  return /** @type {readonly Outcome[]} */ (parsed);
}

/** @param {readonly Outcome[]} tests */
function report(tests) {
  const count = (/** @type {Outcome['state']} */ state) => tests.filter((test) => test.state === state).length;
  const totals = { passed: count('passed'), failed: count('failed'), skipped: count('skipped') };
  writeFileSync(join(bundles, 'summary.json'), JSON.stringify({ ...totals, tests }, undefined, 2));
  console.log(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
  process.exitCode = totals.failed > 0 || tests.length === 0 ? 1 : 0;
}
