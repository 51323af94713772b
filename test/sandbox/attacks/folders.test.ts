import { execa } from 'execa';
import { chmodSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findProgram } from '../../../src/host/programs.ts';
import { busyboxTree } from '../../support/busybox.ts';
import { CALLERS, CLI, makeCaller, outside, USER, writeProfiles, type Caller } from '../../support/unshared.ts';

const ODD = [
  'a b',
  'ünï',
  "q'uote",
  'do$llar`x`',
  'co,mma',
  'co:lon',
  'back\\slash',
  '-dash',
  'new\nline',
  'hash#x',
  '"dq"',
  'tab\tx',
  'a\\040b',
  '{*}',
  '~x',
  '$(touch x)',
  ';x',
];

describe.each(CALLERS)('the folders of %s', (name) => {
  let caller: Caller;
  beforeEach(() => {
    caller = makeCaller(name);
  });
  afterEach(() => caller.remove());

  const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    caller.unshared(['run', ...args], { env });

  it.each(ODD)('may be called %j', async (odd) => {
    const folder = join(caller.workspace, odd);
    mkdirSync(folder);
    chmodSync(folder, 0o777);
    await writeProfiles(caller, {
      odd: {
        extends: 'throwaway',
        mounts: [
          { bind: folder, to: `/data/${odd}` },
          { bind: folder, to: '/read', readOnly: true },
        ],
      },
    });
    const profiles = name === 'root' ? ['throwaway'] : ['throwaway', 'project'];
    for (const profile of profiles) {
      const { stdout, stderr } = await run([
        '--profile',
        profile,
        '--network',
        'none',
        '--workspace',
        folder,
        '--',
        'pwd',
      ]);
      expect(stdout, stderr).toBe(folder);
    }
    const { stdout, stderr } = await run([
      '--profile',
      'odd',
      '--',
      'sh',
      '-c',
      'cd "$1" && echo x >made; cat /read/made; echo x >/read/made || echo closed',
      'sh',
      `/data/${odd}`,
    ]);
    expect(stdout, stderr).toBe('x\nclosed');
  });

  it('of sandboxes cannot be shown inside', async () => {
    await outside(caller, 'ln -s .. up');
    await writeProfiles(caller, {
      shows: { extends: 'learn', mounts: [{ bind: caller.runtime, to: '/data' }] },
      around: { extends: 'learn', mounts: [{ bind: join(caller.runtime, '..'), to: '/data' }] },
      tools: { extends: 'learn', tools: [join(caller.runtime, '../')] },
      home: { extends: 'learn', tools: ['~'] },
      root: { extends: 'learn', rootfs: join(caller.runtime, '..') },
    });
    await run(['--', 'true']);
    for (const args of [
      ['--profile', 'shows'],
      ['--profile', 'around'],
      ['--profile', 'tools'],
      ['--profile', 'home'],
      ['--profile', 'root'],
      ['--workspace', caller.runtime],
    ]) {
      const { exitCode, stderr } = await run([...args, '--', 'true']);
      expect(exitCode, stderr).toBe(125);
      expect(stderr).toMatch(/where sandboxes keep their scripts|closed to others|holds your home/);
    }
  });

  it('may be gone, or closed to new files', async () => {
    const line = `mkdir gone; cd gone; rmdir ../gone; ${process.execPath} ${CLI} run --profile learn -- echo ran`;
    expect(await outside(caller, line)).toBe('ran');
    expect(await outside(caller, `umask 077; ${process.execPath} ${CLI} run -- echo ran`)).toBe('ran');
  });
});

describe('the home and the runtime folder of a user', () => {
  let caller: Caller;
  beforeEach(() => {
    caller = makeCaller('user');
  });
  afterEach(() => caller.remove());

  it.skipIf(findProgram('busybox') === undefined)(
    'may have names that overlayfs divides (needs busybox-static)',
    async () => {
      busyboxTree(join(caller.workspace, 'tree'), ['sh', 'echo']);
      await outside(caller, 'mkdir "ho,m:e \\x"');
      const HOME = join(caller.workspace, 'ho,m:e \\x');
      const { stdout, stderr } = await caller.unshared(
        ['run', '--rootfs', 'tree', '--profile', 'learn', '--', 'echo', 'ran'],
        { env: { HOME } },
      );
      expect(stdout, stderr).toBe('ran');
    },
  );

  it.each([
    ['a link', (path: string) => symlinkSync('/tmp', path)],
    ['a folder of somebody else', (path: string) => mkdirSync(path, { mode: 0o777 })],
  ])('are not taken if what stands there is %s', async (what, make) => {
    make(join(caller.workspace, `namespace-sandboxes-${caller.uid}`));
    if (what !== 'a link' && process.getuid?.() !== 0) return;
    const { exitCode, stderr } = await caller.unshared(['run', '--', 'true'], {
      env: { XDG_RUNTIME_DIR: '', TMPDIR: caller.workspace },
    });
    expect(exitCode, stderr).toBe(125);
    expect(stderr).toContain('is not safe to keep sandboxes in');
  });

  it('are asked for in words where they are missing', async () => {
    const [file = '', ...args] = caller.asCaller(['env', '-i', process.execPath, CLI, 'run', '--', 'true']);
    const { stderr } = await execa(file, args, { cwd: caller.workspace, reject: false });
    if (caller.uid === USER) expect(stderr).toContain('HOME is not safe to keep sandboxes in');
    const gone = await caller.unshared(['run', '--', 'true'], { env: { XDG_RUNTIME_DIR: '/nowhere' } });
    expect(gone.stderr).toContain('/nowhere/namespace-sandboxes is not safe to keep sandboxes in: it cannot be made');
  });
});
