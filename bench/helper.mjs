// What the helper costs, through a pkexec whose rule grants it: part of npm run bench; alone, as root: node bench/helper.mjs [ROUNDS].
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { argv, execPath, exit, getuid } from 'node:process';
import { build } from 'esbuild';
import { PROJECT, report } from './report.mjs';

const ROUNDS = argv[2] ?? '20';

if (getuid?.() !== 0) {
  console.log('The bench of the helper makes a polkit of its own, which only root can.');
  exit();
}
const folder = mkdtempSync(join(tmpdir(), 'bench-helper-'));
try {
  chmodSync(folder, 0o755);
  const outfile = join(folder, 'measure.mjs');
  await bundle(outfile);
  const words = ['test/support/with-polkit.sh', 'yes', execPath, outfile, join(PROJECT, 'dist/helper.cjs'), ROUNDS];
  const { status, stdout } = spawnSync('sh', words, { cwd: PROJECT, stdio: ['ignore', 'pipe', 'inherit'] });
  if (status !== 0) throw new Error(`the bench of the helper ended with ${status}`);
  await report(['helper', 'end of helper'], [String(stdout).trim()], `${ROUNDS} rounds`);
} finally {
  rmSync(folder, { recursive: true });
}

/** The engine as it is in the extension host, with what measures it. @param {string} outfile */
async function bundle(outfile) {
  await build({
    entryPoints: [join(PROJECT, 'bench/measure-helper.ts')],
    bundle: true,
    platform: 'node',
    format: 'esm',
    mainFields: ['module', 'main'],
    outfile,
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    logLevel: 'error',
  });
}
