// npm start: installs what is missing, builds, and opens a real VS Code with the extension and the sample workspace.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath, URL } from 'node:url';

const PROJECT = fileURLToPath(new URL('..', import.meta.url));

if (!existsSync(`${PROJECT}node_modules`)) {
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: PROJECT, stdio: 'inherit' });
  if (status !== 0) process.exit(1);
}
// Not before the packages that it imports are there.
const { openVscode } = await import('./open-vscode.mjs');
await openVscode(PROJECT);
