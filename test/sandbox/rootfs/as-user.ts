import { build } from 'esbuild';
import { execa } from 'execa';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const USER = 47_000;

/** Runs a line of TypeScript that may use `prepareRootfs`, `removeTree` and `planIds`, and prints what it resolves to, as JSON. */
export type RunAsUser = (expression: string) => Promise<unknown>;

/** An ordinary user's process with the engine in it; `wrap` is what the command is started through. */
export async function asUser(folder: string, wrap: readonly string[] = []): Promise<RunAsUser> {
  const source = resolveSources(['rootfs/prepare', 'rootfs/remove', 'ids']);
  const script = join(folder, 'engine.mjs');
  const banner = { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" };
  await build({
    stdin: { contents: source, resolveDir: process.cwd() },
    outfile: script,
    bundle: true,
    platform: 'node',
    format: 'esm',
    banner,
    logLevel: 'error',
  });
  chmodSync(script, 0o644);
  const drop = ['setpriv', '--reuid', `${USER}`, '--regid', `${USER}`, '--clear-groups', '--'];
  return async (expression) => {
    const run = join(folder, 'run.mjs');
    const caught = '(error) => ({ problems: error.problems ?? String(error) })';
    writeFileSync(
      run,
      `import fs from 'node:fs';\nimport { prepareRootfs, removeTree, planIds } from './engine.mjs';\nconst run = async () => ${expression};\nconsole.log(JSON.stringify((await run().catch(${caught})) ?? null));\n`,
    );
    const [file, ...args] = [...wrap, ...drop, process.execPath, run];
    return JSON.parse((await execa(file, args, { cwd: '/' })).stdout) as unknown;
  };
}

function resolveSources(names: readonly string[]): string {
  return names.map((name) => `export * from './src/sandbox/${name}.ts';`).join('\n');
}
