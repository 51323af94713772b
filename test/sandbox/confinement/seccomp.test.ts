import { execa } from 'execa';
import { chmodSync, copyFileSync, existsSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { findProgram } from '../../../src/host/programs.ts';
import { busyboxTree } from '../../support/busybox.ts';
import { CALLERS } from '../../support/unshared.ts';
import { tryout } from './inside.ts';

const EPERM = 1;
const EINVAL = 22;
const ENOSYS = 38;
const EAFNOSUPPORT = 97;
/** Compiled outside, for a machine without a compiler. */
const compiled = process.env.TRY_CALLS ?? '';
const hasCompiler = existsSync(compiled) || findProgram('gcc') !== undefined;
const busybox = findProgram('busybox');

/** What the filter of every sandbox refuses, and what it lets pass. */
const ALWAYS = {
  ...{ keyctl: ENOSYS, bpf: EPERM, perf_event_open: EPERM, userfaultfd: EPERM, io_uring_setup: ENOSYS },
  ...{ open_by_handle_at: EPERM, reboot: EPERM, tiocsti: EPERM, tiocsti_high: EPERM },
  ...{ vsock: EAFNOSUPPORT, alg: EAFNOSUPPORT, x25: EAFNOSUPPORT, inet: 0, unix: 0, netlink: 0, clone: 0, ptrace: 0 },
  ...{ vsock_pair: EAFNOSUPPORT, xdp_pair: EAFNOSUPPORT, tipc_pair: EAFNOSUPPORT, x25_pair: EAFNOSUPPORT },
  ...{ inet_pair: EINVAL, unix_pair: 0 },
  ...(process.arch === 'x64' ? { getpid_32: ENOSYS } : {}),
};
const WITHOUT_ADMIN = { mount: EPERM, fsopen: EPERM, clone3: ENOSYS, clone_newuser: EPERM, unshare_newuser: EPERM };
const WITH_ADMIN = { mount: 0, fsopen: 0, clone_newuser: 0, unshare_newuser: 0 };

/** Lines such as `keyctl=38`. */
function readCalls(text: string): Readonly<Record<string, number>> {
  return Object.fromEntries(text.split('\n').map((line) => [line.replace(/=.*/, ''), Number(line.replace(/.*=/, ''))]));
}

describe.each(CALLERS)('the seccomp filter of %s', (name) => {
  const tried = tryout(name);
  let calls: string;

  beforeAll(async () => {
    calls = join(tried.caller.workspace, 'try-calls');
    if (existsSync(compiled)) copyFileSync(compiled, calls);
    else if (hasCompiler) await execa('gcc', ['-static', '-o', calls, resolve('test/sandbox/confinement/try-calls.c')]);
  });

  async function callsInBoth(settings: object, more: readonly string[] = []): Promise<readonly object[]> {
    const mounts = [{ bind: calls, to: '/try-calls' }];
    const { first, second } = await tried.inBoth({ mounts, ...settings }, '/try-calls; exit $?', more);
    return [first, second].map(readCalls);
  }

  it('is loaded in every terminal, in PID 1, and in what they start', async () => {
    const line = 'grep -h Seccomp: /proc/self/status /proc/1/status; sh -c "grep Seccomp: /proc/self/status"';
    const { first, second } = await tried.inBoth({ seccomp: 'strict' }, line);
    expect(first).toBe('Seccomp:\t2\nSeccomp:\t2\nSeccomp:\t2');
    expect(second).toBe(first);
  });

  it.skipIf(!hasCompiler)('refuses by default what no ordinary program needs (needs gcc)', async () => {
    for (const seen of await callsInBoth({})) expect(seen).toMatchObject({ ...ALWAYS, ...WITHOUT_ADMIN });
  });

  it.skipIf(!hasCompiler)('lets mounts and nested namespaces pass with all capabilities (needs gcc)', async () => {
    for (const seen of await callsInBoth({ extends: 'learn' }))
      expect(seen).toMatchObject({ ...ALWAYS, ...WITH_ADMIN });
  });

  it.skipIf(!hasCompiler || busybox === undefined)(
    'holds in a foreign root (needs gcc and busybox-static)',
    async () => {
      const rootfs = busyboxTree(join(tried.caller.workspace, 'tree'), ['sh']);
      for (const seen of await callsInBoth({}, ['--rootfs', rootfs]))
        expect(seen).toMatchObject({ ...ALWAYS, ...WITHOUT_ADMIN });
    },
  );

  it('keeps exit status, signals, job control and the standard streams as they are', async () => {
    expect((await tried.run({}, 'exit 7')).exitCode).toBe(7);
    expect((await tried.run({}, 'kill -TERM $$')).exitCode).toBe(143);
    expect((await tried.run({}, 'ls /proc/self/fd | wc -l; env | grep -c PERL')).stdout).toBe('4\n0');
  });

  it('is left out where the profile says so, and given with programs that may gain privileges', async () => {
    const line = "grep -hE 'NoNewPrivs|Seccomp:' /proc/self/status | tr '\\n' ' '";
    const off = await tried.inBoth({ seccomp: 'off' }, line);
    expect([off.first, off.second]).toEqual(['NoNewPrivs:\t1 Seccomp:\t0 ', 'NoNewPrivs:\t1 Seccomp:\t0 ']);
    const open = await tried.inBoth({ noNewPrivileges: false }, line);
    expect([open.first, open.second]).toEqual(['NoNewPrivs:\t0 Seccomp:\t2 ', 'NoNewPrivs:\t0 Seccomp:\t2 ']);
  });

  it('cannot be exchanged inside', async () => {
    const line = '(echo x >/.seccomp.bpf) 2>&1 | grep -c Read-only; umount /.seccomp.bpf 2>/dev/null || echo stays';
    const { first, second } = await tried.inBoth({}, line);
    expect([first, second]).toEqual(['1\nstays', '1\nstays']);
  });

  it('can be an OCI profile of your own, for the capabilities that the sandbox has', async () => {
    const path = join(tried.caller.workspace, 'oci.json');
    const syscalls = [
      { names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 28 },
      {
        names: ['chmod', 'fchmodat', 'fchmodat2'],
        action: 'SCMP_ACT_ERRNO',
        errnoRet: 13,
        includes: { caps: ['CAP_CHOWN'] },
      },
      { names: ['symlinkat', 'symlink'], action: 'SCMP_ACT_KILL_PROCESS', excludes: { caps: ['CAP_CHOWN'] } },
    ];
    writeFileSync(path, JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls }));
    chmodSync(path, 0o644);
    const line =
      'mkdir /tmp/x 2>&1; chmod 700 /tmp 2>&1; ln -s a /tmp/l && echo linked; unshare -U true && echo nested';
    const { first, second } = await tried.inBoth({ seccomp: './oci.json' }, line);
    expect(first).toMatch(/No space left[^]*Permission denied\nlinked\nnested/i);
    expect(second).toBe(first);
    const { stderr } = await tried.run({ seccomp: './none.json' }, 'true');
    expect(stderr).toMatch(/The seccomp profile \S+none.json cannot be used: ENOENT/);
  });
});
