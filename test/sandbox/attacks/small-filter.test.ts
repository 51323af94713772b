import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compile, hasCompiler } from '../../support/compile.ts';
import { own, ownSandbox, stopOwn } from '../../support/own-sandboxes.ts';
import { ALL_CALLERS, makeCaller, writeProfiles, type Caller } from '../../support/unshared.ts';

/** What becoming a program and ending needs. */
const LEAST = ['execve', 'exit_group'];
/** What ld.so(8), the C library and true(1) need besides, on x86-64 and arm64. */
const OF_TRUE = [
  ...['access', 'arch_prctl', 'brk', 'close', 'faccessat', 'faccessat2', 'fstat', 'getrandom', 'mmap', 'mprotect'],
  ...['munmap', 'newfstatat', 'openat', 'pread64', 'prlimit64', 'read', 'rseq', 'set_robust_list', 'set_tid_address'],
];
/** 128 and SIGSYS, which ends who makes another system call. */
const KILLED_BY_FILTER = 159;

/** A filter of one's own is for the command. What starts a sandbox and keeps it running does not need it to allow anything. */
describe.skipIf(!hasCompiler).each(ALL_CALLERS)('a filter of %s that allows next to nothing (needs gcc)', (name) => {
  let caller: Caller;
  beforeAll(async () => {
    caller = makeCaller(name);
    await compile('sandbox/attacks/nothing.c', join(caller.workspace, 'nothing'), { more: ['-nostdlib'] });
    for (const [file, names] of Object.entries({ least: LEAST, ofTrue: [...LEAST, ...OF_TRUE] })) {
      const syscalls = [{ names, action: 'SCMP_ACT_ALLOW' }];
      const path = join(caller.workspace, `${file}.json`);
      writeFileSync(path, JSON.stringify({ defaultAction: 'SCMP_ACT_KILL_PROCESS', syscalls }), { mode: 0o644 });
    }
    const base = { extends: 'throwaway', mounts: [{ bind: 'nothing', to: '/nothing' }] };
    const [least, ofTrue] = ['least', 'ofTrue'].map((file) => ({ ...base, seccomp: `./${file}.json` }));
    const stays = { ...least, lifetime: 'untilStopped' };
    const profiles = { least, ofTrue, same: { ...least, user: 'same' }, stays };
    await writeProfiles(caller, Object.fromEntries(Object.entries(profiles).map(([key, value]) => [own(key), value])));
  });
  afterAll(async () => {
    await stopOwn(caller, 'stays');
    caller.remove();
  });

  it.each([
    ['least', '/nothing', 0],
    ['same', '/nothing', 0],
    ['ofTrue', '/bin/true', 0],
    ['ofTrue', '/bin/ls', KILLED_BY_FILTER],
  ])('is enough for a command that needs no more, and holds: %s, %s', async (profile, command, status) => {
    const { exitCode, stderr } = await caller.unshared(['run', '--profile', own(profile), '--', command]);
    expect(exitCode, stderr).toBe(status);
  });

  it('is enough for who enters later', async () => {
    const first = await caller.unshared(['run', '--profile', own('stays'), '--', '/nothing']);
    expect(first.exitCode, first.stderr).toBe(0);
    const { id } = await ownSandbox(caller, 'stays');
    const second = await caller.unshared(['enter', id, '--', '/nothing']);
    expect(second.exitCode, second.stderr).toBe(0);
  });
});
