import fc from 'fast-check';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ProblemError } from '../../../src/model/problem.ts';
import { defaultFilter } from '../../../src/sandbox/seccomp/default-filter.ts';
import { ALLOW, KILL, refuse, type Filter } from '../../../src/sandbox/seccomp/filter.ts';
import { writeBpf } from '../../../src/sandbox/seccomp/libseccomp.ts';
import { ociFilter, type Circumstances } from '../../../src/sandbox/seccomp/oci.ts';

const HERE: Circumstances = {
  capabilities: { base: 'default', add: [], drop: [] },
  arch: 'x64',
  kernel: '6.1.0-18-amd64',
};

function read(profile: unknown, circumstances = HERE): Filter {
  return ociFilter('seccomp.json', typeof profile === 'string' ? profile : JSON.stringify(profile), circumstances);
}

function faultOf(profile: unknown): unknown {
  try {
    read(profile);
  } catch (error) {
    if (error instanceof ProblemError) return error.problems[0]?.args;
  }
  return undefined;
}

const ALLOWED = { defaultAction: 'SCMP_ACT_ERRNO', defaultErrnoRet: 38 };

describe('an OCI seccomp profile', () => {
  it('gives rules in the values of libseccomp', () => {
    const filter = read({
      ...ALLOWED,
      architectures: ['SCMP_ARCH_X86_64'],
      archMap: [
        { architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86', 'SCMP_ARCH_X32'] },
        { architecture: 'SCMP_ARCH_AARCH64', subArchitectures: ['SCMP_ARCH_ARM'] },
      ],
      syscalls: [
        { names: ['read'], action: 'SCMP_ACT_ALLOW', args: null },
        {
          names: ['clone'],
          action: 'SCMP_ACT_ALLOW',
          args: [{ index: 0, value: 2114060288, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }],
        },
        { names: ['mkdir'], action: 'SCMP_ACT_ERRNO' },
      ],
    });
    expect(filter).toEqual({
      otherwise: refuse(38),
      elsewhere: KILL,
      architectures: ['x86_64', 'x86', 'x32'],
      rules: [
        { syscall: 'read', action: ALLOW, tests: [] },
        {
          syscall: 'clone',
          action: ALLOW,
          tests: [{ index: 0, compare: 'maskedEqual', mask: 2114060288n, value: 0n }],
        },
        { syscall: 'mkdir', action: refuse(1), tests: [] },
      ],
    });
  });

  it('takes several tests of one argument as alternatives', () => {
    const args = [8, 0].map((value) => ({ index: 0, value, op: 'SCMP_CMP_EQ' }));
    const { rules } = read({ ...ALLOWED, syscalls: [{ names: ['personality'], action: 'SCMP_ACT_ALLOW', args }] });
    expect(rules.map(({ tests }) => tests.map(({ value }) => value))).toEqual([[8n], [0n]]);
  });

  it.each([
    [{ includes: { caps: ['CAP_CHOWN', 'CAP_KILL'] } }, true],
    [{ includes: { caps: ['CAP_CHOWN', 'CAP_SYS_ADMIN'] } }, false],
    [{ excludes: { caps: ['CAP_SYS_ADMIN'] } }, true],
    [{ excludes: { caps: ['CAP_SYS_ADMIN', 'CAP_CHOWN'] } }, false],
    [{ includes: { arches: ['arm64'] } }, false],
    [{ includes: { arches: ['amd64', 'x32'] } }, true],
    [{ excludes: { arches: ['amd64'] } }, false],
    [{ includes: { minKernel: '4.8' } }, true],
    [{ includes: { minKernel: '7.0' } }, false],
    [{ excludes: { minKernel: '4.8' } }, false],
    [{ includes: null, excludes: {} }, true],
  ])('applies %j: %j', (conditions, applies) => {
    const { rules } = read({ ...ALLOWED, syscalls: [{ names: ['bpf'], action: 'SCMP_ACT_ALLOW', ...conditions }] });
    expect(rules).toHaveLength(applies ? 1 : 0);
  });

  it.each([
    ['', '', 'it is not JSON'],
    [{}, 'defaultAction', 'is missing'],
    [{ defaultAction: 'ALLOW' }, 'defaultAction', 'must be one of SCMP_ACT_KILL, '],
    [{ ...ALLOWED, sycalls: [] }, 'sycalls', 'is not known here'],
    [{ ...ALLOWED, flags: ['SECCOMP_FILTER_FLAG_LOG'] }, 'flags.0', 'cannot be given here'],
    [{ ...ALLOWED, syscalls: [{ names: [], action: 'SCMP_ACT_ALLOW' }] }, 'syscalls.0.names', 'must name'],
    [{ ...ALLOWED, syscalls: [{ names: ['a'], action: 'SCMP_ACT_NOTIFY' }] }, 'syscalls.0.action', 'must be one of'],
    [
      {
        ...ALLOWED,
        syscalls: [{ names: ['a'], action: 'SCMP_ACT_LOG', args: [{ index: 6, value: 0, op: 'SCMP_CMP_EQ' }] }],
      },
      'syscalls.0.args.0.index',
      'must be from 0 to 5',
    ],
    [3, '', 'must be an object'],
  ])('that is %j is refused with its place', (profile, where, reason) => {
    expect(faultOf(profile)).toEqual({
      path: 'seccomp.json',
      where,
      reason: expect.stringContaining(reason) as string,
    });
  });

  it('is read or refused, whatever it holds', () => {
    const part = fc.oneof(fc.jsonValue(), fc.constantFrom('SCMP_ACT_ALLOW', ['read'], { caps: ['CAP_KILL'] }, 3));
    const syscall = fc.record({ names: part, action: part, args: part, includes: part }, { requiredKeys: [] });
    const profile = fc.record({ defaultAction: part, architectures: part, syscalls: fc.array(syscall) });
    fc.assert(
      fc.property(fc.oneof(fc.string(), profile), (value) => {
        try {
          expect(read(value).rules.every(({ action }) => action >= 0)).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(ProblemError);
        }
      }),
    );
  });
});

describe('the program for the kernel', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'bpf-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  async function program(name: string, filter: Filter): Promise<Buffer> {
    await writeBpf(filter, join(folder, name));
    return readFileSync(join(folder, name));
  }

  it('is whole instructions, and one more thing refused makes it longer', async () => {
    const admin = await program('all', defaultFilter({ base: 'all', add: [], drop: [] }));
    const others = await program('default', defaultFilter(HERE.capabilities));
    expect([admin.length % 8, others.length % 8]).toEqual([0, 0]);
    expect(others.length).toBeGreaterThan(admin.length);
  });

  it('passes over names that are no system calls, and takes no unknown architecture', async () => {
    const none = { otherwise: ALLOW, elsewhere: KILL, architectures: [], rules: [] };
    const odd = { ...none, rules: [{ syscall: 'no_such_call', action: KILL, tests: [] }] };
    expect(await program('odd', odd)).toEqual(await program('none', none));
    await expect(program('arch', { ...none, architectures: ['pdp11'] })).rejects.toThrow('architecture pdp11');
  });
});
