// npm test: installs what the tests need, and runs all of them; the last line is `N passed, N failed, N skipped`.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath, URL } from 'node:url';

const PROJECT = fileURLToPath(new URL('..', import.meta.url));

if (!existsSync(`${PROJECT}node_modules`)) {
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: PROJECT, stdio: 'inherit' });
  if (status !== 0) process.exit(1);
}
// Not before the packages that it imports are there.
const { runAllTests } = await import('./all-tests.mjs');
process.exitCode = await runAllTests(PROJECT);
