import { execa } from 'execa';
import { join } from 'node:path';
import { fileURLToPath, URL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { findProgram } from '../../src/host/programs.ts';
import { HOST } from '../vscode-host/install.mjs';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
/** Milliseconds: the first one installs the pinned VS Code. */
const TIMEOUT = 300_000;

describe('npm start (needs a PATH without code)', () => {
  it.skipIf(findProgram('code'))(
    'opens a VS Code with the extension, and ends on Ctrl-C with all that it has started',
    async () => {
      const starting = execa(process.execPath, ['scripts/start.mjs'], {
        cwd: PROJECT,
        detached: true,
        all: true,
        reject: false,
      });
      const said = await textWith(starting, /Ctrl-C ends it/);
      const address = /^VS Code: +(\S+)$/m.exec(said)?.[1] ?? '';
      const password = /^Password: +(\S+)$/m.exec(said)?.[1] ?? '';
      expect(await openWith(address, password)).toContain('vscode-workbench');
      expect(await installedExtensions()).toContain('namespace-sandboxes.namespace-sandboxes');

      // As a terminal sends it: to all of the group.
      process.kill(-(starting.pid ?? NaN), 'SIGINT');
      const { exitCode, all } = await starting;
      expect(exitCode, all).toBe(0);
      await expect(fetch(address)).rejects.toThrow();
    },
    TIMEOUT,
  );
});

/** Waits until a program has said something. @throws Error with what it has said, where it ends before. */
async function textWith(program: { readonly all: AsyncIterable<unknown> }, wanted: RegExp): Promise<string> {
  let text = '';
  for await (const line of program.all) {
    text += `${String(line)}\n`;
    if (wanted.test(text)) return text;
  }
  throw new Error(`ended, and has said:\n${text}`);
}

/** The page behind the password. */
async function openWith(address: string, password: string): Promise<string> {
  const login = new URL('/login', address);
  const body = new URLSearchParams({ password });
  const { headers } = await fetch(login, { method: 'POST', body, redirect: 'manual' });
  const page = await fetch(address, { headers: { cookie: headers.getSetCookie().join('; ') } });
  return page.text();
}

async function installedExtensions(): Promise<readonly string[]> {
  const folder = join(PROJECT, '.vscode-host/extensions');
  const options = ['--config', '/dev/null', '--extensions-dir', folder, '--list-extensions'];
  const { stdout } = await execa(HOST.node, [HOST.entry, ...options]);
  return stdout.split('\n');
}
