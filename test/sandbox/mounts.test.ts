import { chmodSync, chownSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findProgram } from '../../src/host/programs.ts';
import { busyboxTree } from '../support/busybox.ts';
import { CALLERS, isRoot, makeCaller, sandboxFolders, type Caller, type Finished } from '../support/unshared.ts';

describe.each(CALLERS)('the mounts of a profile of %s', (name) => {
  let caller: Caller;
  let data: string;
  beforeEach(() => {
    caller = makeCaller(name);
    data = folder('da,ta: x');
    writeFileSync(join(data, 'file'), 'of the host\n');
    give(join(data, 'file'));
  });
  afterEach(() => {
    expect(sandboxFolders(caller)).toEqual([]);
    caller.remove();
  });

  function folder(path: string): string {
    const made = join(caller.workspace, path);
    mkdirSync(made, { recursive: true });
    chmodSync(made, 0o755);
    return give(made);
  }

  function give(path: string): string {
    if (isRoot) chownSync(path, caller.uid, caller.uid);
    return path;
  }

  function inside(settings: object, line: string): Promise<Finished> {
    mkdirSync(join(caller.workspace, '.vscode'), { recursive: true });
    const profiles = { tried: { extends: 'throwaway', workspace: 'none', ...settings } };
    writeFileSync(join(caller.workspace, '.vscode/sandboxes.json'), JSON.stringify({ profiles }));
    return caller.unshared(['run', '--profile', 'tried', '--', 'sh', '-c', line]);
  }

  it('a tmpfs holds as much as it may', async () => {
    const mounts = [{ tmpfs: '/scratch', size: '1M' }];
    const { stdout, stderr } = await inside({ mounts }, 'head -c 2M /dev/zero >/scratch/x; stat -c %s /scratch/x');
    expect(stdout).toBe(String(1024 ** 2));
    expect(stderr).toContain('No space left on device');
  });

  it('an overlay keeps changes apart, and they are gone with the sandbox', async () => {
    const mounts = [{ overlay: './da,ta: x', to: '/layered' }];
    const line = 'cat /layered/file; echo mine >/layered/new && cat /layered/new';
    expect((await inside({ mounts }, line)).stdout).toBe('of the host\nmine');
    expect(existsSync(join(data, 'new'))).toBe(false);
    expect((await inside({ mounts }, 'ls /layered')).stdout).toBe('file');
  });

  it('a read-only bind is read-only, a file too', async () => {
    const mounts = [
      { bind: './da,ta: x', to: '/data', readOnly: true },
      { bind: './da,ta: x/file', to: '/etc-like/one file', readOnly: true },
    ];
    const line = 'cat "/etc-like/one file"; touch /data/new "/etc-like/one file"';
    const { stdout, stderr } = await inside({ mounts }, line);
    expect(stdout).toBe('of the host');
    // A file of root's does not belong to who is root inside.
    expect(stderr.match(name === 'user' ? /Read-only file system/g : /cannot touch/g)).toHaveLength(2);
  });

  it('what does not exist is one clear error', async () => {
    for (const mount of [
      { overlay: './nowhere', to: '/x' },
      { bind: './nowhere', to: '/x' },
    ]) {
      const { stderr, exitCode } = await inside({ mounts: [mount] }, 'true');
      expect(exitCode).toBe(125);
      expect(stderr).toMatch(/nowhere that "mounts" binds does not exist/);
    }
  });

  it.skipIf(findProgram('busybox') === undefined)(
    'a foreign root may be read-only (needs busybox-static)',
    async () => {
      const rootfs = busyboxTree(folder('tree'), ['sh', 'touch']);
      const mounts = [{ overlay: './da,ta: x', to: '/layered' }];
      const line = 'touch /layered/new && echo written; touch /new';
      const closed = await inside({ rootfs, readOnly: true, mounts }, line);
      expect(closed.stdout, closed.stderr).toBe('written');
      expect(closed.stderr).toContain('Read-only file system');
      expect((await inside({ rootfs, mounts }, line)).stderr).not.toContain('Read-only');
    },
  );

  it('init runs once before the first command, confined as it is', async () => {
    const init = ['echo "$HOME" >/tmp/seen', 'grep NoNewPrivs /proc/self/status >>/tmp/seen'];
    expect((await inside({ init }, 'cat /tmp/seen')).stdout).toBe('/root\nNoNewPrivs:\t1');
  });

  it('an init that fails ends the sandbox, and says what it said', async () => {
    const { exitCode, stdout, stderr } = await inside({ init: ['true', 'echo broken >&2; exit 7'] }, 'echo started');
    expect([exitCode, stdout]).toEqual([125, '']);
    expect(stderr).toMatch(/"echo broken >&2; exit 7" of its "init" failed with exit status 7\. broken/);
  });

  it('a command of its own runs instead of a shell', async () => {
    mkdirSync(join(caller.workspace, '.vscode'), { recursive: true });
    const profiles = { tried: { extends: 'throwaway', command: ['echo', "it's", '$HOME'] } };
    writeFileSync(join(caller.workspace, '.vscode/sandboxes.json'), JSON.stringify({ profiles }));
    expect((await caller.unshared(['run', '--profile', 'tried'])).stdout).toBe("it's $HOME");
  });
});
