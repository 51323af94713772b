import { execa } from 'execa';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { findProgram } from '../../../src/host/programs.ts';
import { busyboxTree } from '../../support/busybox.ts';
import { compile, hasCompiler } from '../../support/compile.ts';
import { repeated } from '../../support/pace.ts';
import { ALL_CALLERS, makeCaller, outside, writeProfiles, type Caller, type Finished } from '../../support/unshared.ts';

/** What only the caller should know. It lies in the caller's home, which no profile shows. */
const SECRET = 'only the caller should know';

/** Root can have no writable workspace. */
const USERS = ALL_CALLERS.filter((name) => name !== 'root');

interface Row {
  readonly what: string;
  /** What the later start shows of the workspace. */
  readonly settings: object;
  /** What the sandbox does that can write to it. */
  readonly line: string;
  /** Prints what that start shows. */
  readonly look: string;
  /** The link, in the workspace. */
  readonly link: string;
}

const LINK = 'mv data old; ln -s "$HOME_OUTSIDE/private" data';
const LINK_ABOVE = 'mv way old; ln -s "$HOME_OUTSIDE" way';
const LOOK = 'cat /data/secret';
const ROWS: readonly Row[] = [
  {
    ...{ what: 'a bind', settings: { mounts: [{ bind: '${workspaceFolder}/data', to: '/data' }] } },
    ...{ line: LINK, look: LOOK, link: 'data' },
  },
  {
    ...{ what: 'a bind by a relative path', settings: { mounts: [{ bind: 'data', to: '/data' }] } },
    ...{ line: LINK, look: LOOK, link: 'data' },
  },
  {
    ...{ what: 'a read-only bind', settings: { mounts: [{ bind: 'data', to: '/data', readOnly: true }] } },
    ...{ line: LINK, look: LOOK, link: 'data' },
  },
  {
    ...{ what: 'a bind behind a link', settings: { mounts: [{ bind: 'way/private', to: '/data' }] } },
    ...{ line: LINK_ABOVE, look: LOOK, link: 'way' },
  },
  {
    ...{ what: 'a bind of a file', settings: { mounts: [{ bind: 'data/secret', to: '/data/secret' }] } },
    ...{ line: LINK, look: LOOK, link: 'data' },
  },
  {
    ...{ what: 'a bind of a file that is a link', settings: { mounts: [{ bind: 'file', to: '/data/secret' }] } },
    ...{ line: 'rm file; ln -s "$HOME_OUTSIDE/private/secret" file', look: LOOK, link: 'file' },
  },
  {
    ...{ what: 'a bind, by a link of a link', settings: { mounts: [{ bind: 'data', to: '/data' }] } },
    ...{ line: 'ln -s "$HOME_OUTSIDE/private" other; mv data old; ln -s other data', look: LOOK, link: 'data' },
  },
  {
    ...{ what: 'an overlay', settings: { mounts: [{ overlay: 'data', to: '/data' }] } },
    ...{ line: LINK, look: LOOK, link: 'data' },
  },
  {
    ...{ what: 'an overlay behind a link', settings: { mounts: [{ overlay: 'way/private', to: '/data' }] } },
    ...{ line: LINK_ABOVE, look: LOOK, link: 'way' },
  },
  {
    ...{
      what: 'a bind, with every capability',
      settings: { extends: 'learn', mounts: [{ bind: 'data', to: '/data' }] },
    },
    ...{ line: LINK, look: LOOK, link: 'data' },
  },
  {
    ...{ what: 'tools', settings: { tools: ['data'] }, line: LINK, link: 'data' },
    look: 'cat "$WORKSPACE/data/secret"',
  },
];

describe.each(USERS)('what a sandbox of %s has replaced in its workspace by a link', (name) => {
  let caller: Caller;
  beforeEach(async () => {
    caller = makeCaller(name);
    await outside(
      caller,
      'mkdir -p data way/private ~/private; for at in data way/private; do echo mine >$at/secret; done; echo mine >file; cat >~/private/secret',
      SECRET,
    );
  });
  afterEach(() => caller.remove());

  /** Runs a line of sh, which is told where the home and the workspace are outside. */
  async function run(settings: object, line: string): Promise<Finished> {
    const env = { HOME_OUTSIDE: caller.home, WORKSPACE: caller.workspace };
    await writeProfiles(caller, { p: { extends: 'throwaway', workspace: 'none', env, ...settings } });
    return caller.unshared(['run', '--profile', 'p', '--', 'sh', '-c', line]);
  }

  it.each(name === 'user' ? ROWS : ROWS.filter(({ what }) => /^an? (bind|overlay)$/.test(what)))(
    'does not show what that leads to: $what',
    async ({ settings, line, look, link }) => {
      const before = await run(settings, look);
      expect(before.stdout, before.stderr).toBe('mine');
      const written = await run({ workspace: 'rw' }, `cd "$WORKSPACE"; ${line}`);
      expect(written.exitCode, written.stderr).toBe(0);
      const { exitCode, stdout, stderr } = await run(settings, look);
      expect([exitCode, stdout], stderr).toEqual([125, '']);
      expect(stderr).toContain(join(caller.workspace, link));
      expect(stderr).toContain('symbolic link');
    },
  );

  it.skipIf(findProgram('busybox') === undefined)('is no root file system either (needs busybox-static)', async () => {
    await outside(caller, 'mkdir bin');
    busyboxTree(join(caller.workspace, 'data'), ['sh', 'cat']);
    busyboxTree(join(caller.home, 'private'), ['sh', 'cat']);
    const before = await run({ rootfs: './data' }, 'cat /secret');
    expect(before.stdout, before.stderr).toBe('mine');
    await run({ workspace: 'rw' }, `cd "$WORKSPACE"; ${LINK}`);
    const { exitCode, stdout, stderr } = await run({ rootfs: './data' }, 'cat /secret');
    expect([exitCode, stdout], stderr).toEqual([125, '']);
    expect(stderr).toContain(join(caller.workspace, 'data'));
    expect(stderr).toContain('symbolic link');
  });

  it.runIf(hasCompiler && name === 'user')(
    'is never shown, either, where it comes and goes while a sandbox starts (needs gcc)',
    async () => {
      await compile('sandbox/attacks/swap.c', join(caller.workspace, 'swap'));
      await outside(caller, 'ln -s ~/private other');
      const [file = '', ...words] = caller.asCaller(['./swap', 'data', 'other']);
      const swapping = execa(file, words, { cwd: caller.workspace, reject: false, stdin: 'pipe' });
      try {
        await once(swapping.stdout, 'data');
        const seen = new Set<string>();
        for (let turn = 0; turn < repeated(20); turn++) {
          for (const key of ['bind', 'overlay']) {
            const { exitCode, stdout } = await run({ mounts: [{ [key]: 'data', to: '/data' }] }, LOOK);
            seen.add(exitCode === 125 ? 'refused' : stdout);
          }
        }
        expect([...seen].filter((one) => one !== 'mine' && one !== 'refused')).toEqual([]);
      } finally {
        swapping.stdin.end();
        await swapping;
      }
    },
  );
});

describe.each(ALL_CALLERS)('a link outside of the workspace of %s, which no sandbox has made,', (name) => {
  let caller: Caller;
  beforeEach(() => {
    caller = makeCaller(name);
  });
  afterEach(() => caller.remove());

  it.each([
    ['bind', 'link'],
    ['bind', 'up/folder'],
    ['overlay', 'link'],
  ])('is followed: %s of %s', async (key, path) => {
    const place = mkdtempSync(join(tmpdir(), 'unshared-links-'));
    onTestFinished(() => rmSync(place, { recursive: true }));
    mkdirSync(join(place, 'folder'), { mode: 0o755 });
    writeFileSync(join(place, 'folder/file'), 'shown\n', { mode: 0o644 });
    symlinkSync(join(place, 'folder'), join(place, 'link'));
    symlinkSync('.', join(place, 'up'));
    chmodSync(place, 0o755);
    await writeProfiles(caller, { p: { extends: 'throwaway', mounts: [{ [key]: join(place, path), to: '/data' }] } });
    const { stdout, stderr } = await caller.unshared(['run', '--profile', 'p', '--', 'cat', '/data/file']);
    expect(stdout, stderr).toBe('shown');
  });
});
