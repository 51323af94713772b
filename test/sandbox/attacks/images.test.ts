import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findProgram } from '../../../src/host/programs.ts';
import { busyboxTree } from '../../support/busybox.ts';
import { CALLERS, makeCaller, outside, type Caller, type Finished } from '../../support/unshared.ts';

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

    it('loads no library into the programs that confine', async () => {
      await outside(caller, `echo /evil.so >image/${PRELOAD}`);
      const { stdout, stderr, exitCode } = await inside(`cat /${PRELOAD}`);
      expect([exitCode, stdout], stderr).toEqual([0, '']);
      expect(stderr).not.toContain('evil.so');
    });

    it.each([
      `rm /${PRELOAD}`,
      `mv /${PRELOAD} /moved`,
      `touch /new && mv /new /${PRELOAD}`,
      'mv /etc /moved',
      `umount /${PRELOAD}`,
      'umount -l /etc',
    ])('cannot name one for the next terminal: %s', async (line) => {
      const { stdout, stderr } = await inside(`${line} && echo done; echo /evil.so >/${PRELOAD}; cat /${PRELOAD}`);
      expect(stdout, stderr).toBe('');
      expect(stderr).toMatch(/busy|denied|not permitted/);
    });

    it('cannot name one where the folder is closed to everybody inside either', async () => {
      const root = ['chown', '-R', '0:0', join(caller.workspace, 'image')];
      if (name === 'user' && process.getuid?.() === 0) await outside({ ...caller, asCaller: () => root }, '');
      const { stdout, stderr, exitCode } = await inside(
        `(echo /evil.so >/${PRELOAD}) 2>/dev/null; mv /etc /moved; ls /${PRELOAD}`,
      );
      expect(stdout, stderr).not.toContain('evil.so');
      expect(stderr).toMatch(/busy|denied|not permitted/);
      expect(exitCode === 0 || !existsSync(join(caller.workspace, 'image', PRELOAD))).toBe(true);
    });
  },
);
