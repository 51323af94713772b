import { join } from 'node:path';
import { build } from 'esbuild';

/** @typedef {typeof import('../src/sandbox/launch.ts') & typeof import('../src/sandbox/spare.ts') & typeof import('../src/sandbox/running.ts') & typeof import('../src/sandbox/join.ts') & typeof import('../src/profile/load.ts') & typeof import('../src/elevation/session.ts')} Engine */

/**
 * The engine as it is in the extension host.
 * @param {string} project
 * @returns {Promise<Engine>}
 */
export async function loadEngine(project) {
  const outfile = join(project, 'out/bench-engine.mjs');
  await build({
    stdin: {
      contents: `
        export { launchSandbox } from './src/sandbox/launch.ts';
        export { keepSpare } from './src/sandbox/spare.ts';
        export { runningSandboxes } from './src/sandbox/running.ts';
        export { joinCommand } from './src/sandbox/join.ts';
        export { loadProfiles, resolveProfile } from './src/profile/load.ts';
        export { helperSession } from './src/elevation/session.ts';`,
      resolveDir: project,
    },
    bundle: true,
    platform: 'node',
    format: 'esm',
    mainFields: ['module', 'main'],
    outfile,
    loader: { '.node': 'empty', '.pl': 'text' },
    external: ['koffi'],
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    logLevel: 'error',
  });
  const loaded = /** @type {unknown} */ (await import(outfile));
  return /** @type {Engine} */ (loaded);
}
