import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findProgram } from '../../../src/host/programs.ts';
import { busyboxTree } from '../../support/busybox.ts';
import {
  CALLERS,
  makeCaller,
  outside,
  running,
  writeProfiles,
  type Caller,
  type Finished,
} from '../../support/unshared.ts';

const APPLETS = ['sh', 'ls', 'cat', 'rm', 'mv', 'mkdir', 'umount', 'touch'];
const PRELOAD = 'etc/ld.so.preload';

describe.skipIf(findProgram('busybox') === undefined).each(CALLERS)(
  'a hostile image of %s (needs busybox-static)',
  (name) => {
    let caller: Caller;
    beforeEach(async () => {
      caller = makeCaller(name);
      busyboxTree(join(caller.workspace, 'tree'), APPLETS);
      await outside(caller, 'cp -r tree image; mkdir image/etc image/sbin');
    });
    afterEach(() => caller.remove());

    function inside(line: string, image = 'image'): Promise<Finished> {
      return caller.unshared(['run', '--rootfs', join(caller.workspace, image), '--', 'sh', '-c', line]);
    }

    it('is not asked to help where the old root is detached', async () => {
      const helper =
        'echo "#!/bin/sh" >umount.overlay; echo "ls -d /../$HOME >/ran; umount -l /" >>umount.overlay; chmod +x umount.overlay';
      await outside(
        caller,
        `cd image/sbin; ${helper}; for type in ext4 xfs btrfs tmpfs; do cp umount.overlay umount.$type; done`,
      );
      const { stdout, stderr, exitCode } = await inside('[ ! -e /ran ] || cat /ran');
      expect([exitCode, stdout], stderr).toEqual([0, '']);
    });

    it('has no program of this machine that it could load a library into', async () => {
      await outside(caller, `echo /evil.so >image/${PRELOAD}`);
      const { stdout, stderr, exitCode } = await inside(`cat /${PRELOAD}; ls -A /run`);
      expect([exitCode, stdout], stderr).toEqual([0, '/evil.so']);
      expect(stderr).not.toContain('evil.so');
    });

    it('loads none into what enters later', async () => {
      await outside(caller, `echo /evil.so >image/${PRELOAD}`);
      await writeProfiles(caller, {
        stays: { extends: 'learn', rootfs: '${workspaceFolder}/image', lifetime: 'untilStopped' },
      });
      await caller.unshared(['run', '--profile', 'stays', '--', 'sh', '-c', ':']);
      const [{ id } = expect.fail('it does not run')] = await running(caller);
      const { stdout, stderr } = await caller.unshared(['enter', id, '--', 'cat', `/${PRELOAD}`]);
      await caller.unshared(['stop', id]);
      expect(stdout, stderr).toBe('/evil.so');
      expect(stderr).not.toContain('ld.so');
    });
  },
);
