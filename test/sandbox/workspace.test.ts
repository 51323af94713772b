import { execa } from 'execa';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CALLERS, makeCaller, type Caller, type Finished } from '../support/unshared.ts';

describe('the workspace of a user', () => {
  let caller: Caller;
  beforeEach(async () => {
    caller = makeCaller('user');
    await outside(
      'git init -q . 2>/dev/null || mkdir -p .git/hooks; echo "[core]" >.git/config; echo code >main.c; ln -s /etc link',
    );
  });
  afterEach(() => caller.remove());

  async function outside(line: string): Promise<void> {
    const [file = '', ...args] = caller.asCaller(['sh', '-c', line]);
    await execa(file, args, { cwd: caller.workspace, env: caller.env, extendEnv: false });
  }

  function inside(line: string, profile = 'project'): Promise<Finished> {
    return caller.unshared(['run', '--profile', profile, '--network', 'none', '--', 'sh', '-c', line]);
  }

  it('is writable with `project`, at its own path', async () => {
    const { stdout } = await inside('pwd; echo new >made; cat main.c');
    expect(stdout).toBe(`${caller.workspace}\ncode`);
    expect(readFileSync(join(caller.workspace, 'made'), 'utf8')).toBe('new\n');
  });

  it('is read-only with `throwaway`, and not there with `learn`', async () => {
    expect((await inside('cat main.c; echo x >made || echo refused', 'throwaway')).stdout).toBe('code\nrefused');
    expect((await inside(`ls ${caller.workspace} 2>&1; pwd`, 'learn')).stdout).toContain('No such file');
  });

  it.each([
    'echo x >>.git/config',
    'echo x >.git/hooks/pre-commit',
    'mkdir .vscode/x',
    'echo x >.vscode/tasks.json',
    'echo x >.envrc',
    'echo x >.mcp.json',
    'echo x >.gitmodules',
    'mkdir .idea/x',
    'mv .git .other',
    'rm -r .vscode',
    'mv .vscode .other',
    'rm .envrc',
  ])('keeps what runs code outside from being changed: %s', async (line) => {
    const { stdout, stderr } = await inside(`${line} && echo done`);
    expect(stdout, line).toBe('');
    expect(stderr).toMatch(/Read-only|busy|denied|not permitted/);
  });

  it('is left without the placeholders of protected files', async () => {
    const before = readdirSync(caller.workspace).sort();
    await inside('ls -A');
    expect(readdirSync(caller.workspace).sort()).toEqual(before);
  });

  it('refuses a protected file that is a link', async () => {
    await outside('rm -rf .vscode; ln -s /tmp .vscode');
    const { exitCode, stderr } = await inside('true');
    expect(exitCode).toBe(125);
    expect(stderr).toContain('.vscode: it is a symbolic link');
  });

  it('refuses the whole home', async () => {
    const { exitCode, stderr } = await caller.unshared(['run', '--workspace', caller.home, '--', 'true']);
    expect(exitCode).toBe(125);
    expect(stderr).toContain('holds your home');
  });

  it.each(['/proc', '/proc/1', '/sys'])('refuses %s', async (folder) => {
    const { exitCode, stderr } = await caller.unshared(['run', '--workspace', folder, '--', 'true']);
    expect(exitCode).toBe(125);
    expect(stderr).toContain(`${folder} cannot be shown inside`);
  });

  it.each(['~root/hooks', '%(prefix)/hooks'])('refuses hooks at %s, which only git can find', async (path) => {
    await outside(`mkdir -p .git/refs .git/objects; echo '[core] hooksPath = ${path}' >.git/config`);
    const { exitCode, stderr } = await inside('true');
    expect(exitCode).toBe(125);
    expect(stderr).toContain(path);
  });
});

describe.each(CALLERS)('a kept home of %s', (name) => {
  it('stays from one sandbox to the next, and is not the own one', async () => {
    const caller = makeCaller(name);
    try {
      const profile = { extends: 'learn', home: 'kept' };
      const [file = '', ...args] = caller.asCaller(['sh', '-c', 'mkdir -p .vscode; cat >.vscode/sandboxes.json']);
      await execa(file, args, { cwd: caller.workspace, input: JSON.stringify({ profiles: { keeps: profile } }) });
      const keep = ['run', '--profile', 'keeps', '--', 'sh', '-c'];
      const first = await caller.unshared([...keep, 'echo note >~/kept; ls -A ~']);
      expect(first.stderr).toBe('');
      const second = await caller.unshared([...keep, 'cat ~/kept']);
      expect(second.stdout).toBe('note');
      expect(existsSync(join(caller.home, 'kept'))).toBe(false);
    } finally {
      caller.remove();
    }
  });
});
