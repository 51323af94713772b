import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { findProgram } from '../../src/host/programs.ts';
import { busyboxTree } from '../support/busybox.ts';
import { check, surroundings, unsharedIn, type Surroundings } from '../support/surroundings.ts';
import { CALLERS, makeCaller, sandboxFolders, writeProfiles, type Caller } from '../support/unshared.ts';
import { OLDER_VERSIONS, otherUtilLinux, whyNoOthers, type OtherUtilLinux } from '../support/util-linux.ts';

const reason = whyNoOthers();
const others = new Map<string, OtherUtilLinux | undefined>();
for (const version of reason === undefined ? OLDER_VERSIONS : [])
  others.set(version, await otherUtilLinux(version).catch(() => undefined));
afterAll(() => others.forEach((other) => other?.remove()));

const CASES = OLDER_VERSIONS.flatMap((version) => CALLERS.map((name) => [version, name] as const));

describe.each(CASES)('with util-linux %s a sandbox of %s', (version, name) => {
  const other = others.get(version);
  const title = (what: string): string => (other ? what : `${what} (${reason ?? 'its packages cannot be fetched'})`);
  let caller: Caller;
  let around: Surroundings;
  beforeAll(async () => {
    caller = makeCaller(name);
    if (other !== undefined) around = await surroundings(other.setup);
  });
  afterEach(() => expect(sandboxFolders(caller)).toEqual([]));
  afterAll(async () => {
    if (other !== undefined) await around.end();
    caller.remove();
  });

  async function unshared(...args: readonly string[]): Promise<string> {
    const [command = '', ...rest] = args;
    const words =
      command === 'run' || command === 'script' ? [command, '--workspace', caller.workspace, ...rest] : args;
    const { exitCode, stdout, stderr } = await unsharedIn(caller, around.inside, words);
    expect(exitCode, stderr).toBe(0);
    return stdout;
  }

  it.skipIf(!other)(title('is made, confined and entered'), async () => {
    await writeProfiles(caller, { stays: { lifetime: 'untilStopped' } });
    const look = 'mount --version | cut -d" " -f4; id -u; grep -E "^(NoNewPrivs|Seccomp|CapBnd):" /proc/self/status';
    const seen = await unshared('run', '--profile', 'stays', '--', 'sh', '-c', look);
    expect(seen).toMatch(new RegExp(`^${version.replace('.', '\\.')}\\.\\d+\\n0\\n`));
    expect(seen).toMatch(/CapBnd:\t00000000800425fb\nNoNewPrivs:\t1\nSeccomp:\t2/);
    const [{ id } = expect.fail('it does not run')] = JSON.parse(await unshared('list', '--json')) as { id: string }[];
    expect(await unshared('enter', id, '--', 'sh', '-c', look)).toBe(seen);
    await unshared('stop', id);
  });

  it.skipIf(!other)(title('has clocks that are behind'), async () => {
    await writeProfiles(caller, { before: { time: { boottime: -100, monotonic: -7 } } });
    const offsets = await unshared('run', '--profile', 'before', '--', 'cat', '/proc/self/timens_offsets');
    expect(offsets.replace(/ +/g, ' ')).toBe('monotonic -7 0\nboottime -100 0');
  });

  it.skipIf(!other || findProgram('busybox') === undefined)(title('can have a foreign root'), async () => {
    const tree = busyboxTree(join(caller.workspace, 'tree'), ['sh', 'cat']);
    writeFileSync(join(tree, 'of-the-tree'), 'seen');
    expect(await unshared('run', '--rootfs', tree, '--', 'cat', '/of-the-tree')).toBe('seen');
  });

  it.skipIf(!other)(title('is what the check of the host says'), async () => {
    const lines = await check(caller, around.inside);
    expect(lines.get('util-linux')).toMatchObject({ status: 'ok', text: expect.stringContaining(version) as string });
    expect(lines.get('mount-read-only-tree')).toMatchObject({ args: { outcome: 'ignored' } });
    expect(lines.get('mount-idmap')).toMatchObject({ args: { outcome: version === '2.37' ? 'ignored' : 'works' } });
  });
});
