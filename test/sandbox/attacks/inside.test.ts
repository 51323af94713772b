import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CALLERS, makeCaller, outside, type Caller } from '../../support/unshared.ts';

/** Ways out that others had, each tried from inside with what a sandbox has, and with every capability of its namespaces. */
describe.each(CALLERS.flatMap((name) => [[name, 'throwaway'] as const, [name, 'learn'] as const]))(
  'a sandbox of %s, profile %s',
  (name, profile) => {
    let caller: Caller;
    beforeAll(async () => {
      caller = makeCaller(name);
      await outside(caller, 'echo outside >../witness; chmod 666 ../witness');
    });
    afterAll(() => caller.remove());

    async function inside(line: string): Promise<string> {
      const { stdout } = await caller.unshared(['run', '--profile', profile, '--', 'sh', '-c', line]);
      return stdout;
    }

    it('cannot write to the programs of the host through /proc/PID/exe (CVE-2019-5736)', async () => {
      const before = statSync('/usr/bin/nsenter').mtimeMs;
      expect(await inside('for exe in /proc/[0-9]*/exe; do (: >>$exe) 2>/dev/null && echo $exe; done; true')).toBe('');
      expect(statSync('/usr/bin/nsenter').mtimeMs).toBe(before);
    });

    it('has no descriptor or folder of the host (CVE-2024-21626)', async () => {
      const links =
        'for pid in /proc/[0-9]*; do for link in $pid/cwd $pid/root $pid/fd/*; do ls -d $link/../../../../../..';
      const found = await inside(`${links}${join(caller.workspace, '../witness')} 2>/dev/null; done; done; true`);
      expect(found).toBe('');
    });

    it('cannot change the kernel through /proc (CVE-2025-52881)', async () => {
      const before = readFileSync('/proc/sys/kernel/core_pattern', 'utf8');
      const files =
        '/proc/sys/kernel/core_pattern /proc/sysrq-trigger /proc/sys/vm/panic_on_oom /proc/irq/default_smp_affinity';
      const undo =
        'umount /proc/sys /proc/sysrq-trigger /proc/irq 2>/dev/null; mkdir -p /tmp/p; mount -t proc p /tmp/p 2>/dev/null';
      const write = `for file in ${files}; do for at in $file /tmp/p\${file#/proc}; do (cat $file >$at) 2>/dev/null && echo $at; done; done; true`;
      expect(await inside(`${undo}; ${write}`)).toBe('');
      expect(readFileSync('/proc/sys/kernel/core_pattern', 'utf8')).toBe(before);
    });

    it('cannot name a release agent, or leave its cgroups (CVE-2022-0492)', async () => {
      const mounts =
        'mkdir -p /tmp/c; for type in memory pids cpu rdma; do mount -t cgroup -o $type c /tmp/c 2>/dev/null || continue';
      const write =
        'for file in release_agent notify_on_release cgroup.procs tasks memory.limit_in_bytes pids.max; do (echo 1 >/tmp/c/$file) 2>/dev/null && echo $type $file; done';
      const nested = `unshare -Ur --mount --cgroup sh -c '${mounts}; ${write}; umount /tmp/c; done' 2>/dev/null; true`;
      expect(await inside(`${mounts}; ${write}; umount /tmp/c 2>/dev/null; done; ${nested}`)).toBe('');
    });

    it('masks what it masks with the device of the host, and gives terminals of its own (CVE-2025-31133, CVE-2025-52565)', async () => {
      expect(
        await inside(
          'rm -f /dev/null /dev/console; ln -s /proc/sys/kernel/core_pattern /dev/console; stat -c %t:%T /dev/null /proc/keys',
        ),
      ).toBe('1:3\n1:3');
      expect(await inside('ls /dev/pts')).toBe('ptmx');
    });

    it('makes no device node (CVE-2026-41579)', async () => {
      expect(
        await inside(
          'mknod /tmp/disk b 8 0 2>/dev/null && echo made; mknod /dev/mem c 1 1 2>/dev/null && echo made; true',
        ),
      ).toBe('');
    });

    it('reaches no abstract socket and no queue of the host', async () => {
      expect(
        await inside('grep -c @ /proc/net/unix; ls /dev/mqueue | wc -l; ls /run | grep -v "^namespace" | wc -l'),
      ).toBe('0\n0\n0');
    });

    it('gets no right by a program that gives it outside', async () => {
      const line =
        'grep NoNewPrivs /proc/self/status; unshare -Ur sh -c "setpriv --reuid 0 id -u" 2>/dev/null; cat /proc/self/uid_map | wc -l';
      expect(await inside(line)).toContain('1');
      expect(await inside('cat /etc/shadow 2>/dev/null | wc -l')).toBe('0');
    });

    it('sees nothing of where it is kept outside', async () => {
      expect(
        await inside(`ls -d ${caller.runtime} ${caller.home} /var/lib/namespace-sandboxes 2>/dev/null; true`),
      ).toBe('');
      expect(existsSync(join(caller.workspace, '../witness'))).toBe(true);
    });
  },
);
