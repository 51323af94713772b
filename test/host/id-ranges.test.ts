import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { findProgram } from '../../src/host/programs.ts';
import { check, hidden, surroundings, type Surroundings } from '../support/surroundings.ts';
import { isRoot, makeCaller, USER, type Caller } from '../support/unshared.ts';

/** newuidmap(1) looks its caller up in /etc/passwd. */
const KNOWN = `cp /etc/passwd $T/passwd; echo 'checker:x:${USER}:${USER}::/:/bin/sh' >>$T/passwd
  mount --bind $T/passwd /etc/passwd`;

/** Lines for the caller in files that hold what this machine's do. */
const ranges = (owner: number | string, files: readonly string[] = ['subuid', 'subgid']): string =>
  ['subuid', 'subgid']
    .map((name) => `touch /etc/${name}; grep -v '^${USER}:' /etc/${name} >$T/${name} || :`)
    .concat(files.map((name) => `echo ${owner}:700000:65536 >>$T/${name}`))
    .concat(['subuid', 'subgid'].map((name) => `mount --bind $T/${name} /etc/${name}`))
    .join('\n');

/** Mounts a copy in the place of a program, without what makes it set-user-ID. */
const POWERLESS = 'tool=$(realpath "$(command -v newuidmap)"); cp "$tool" $T/tool; mount --bind $T/tool "$tool"';
const NOSUID =
  'tool=$(realpath "$(command -v newuidmap)"); mount --bind "$tool" "$tool"; mount -o remount,bind,nosuid "$tool"';

describe.skipIf(!isRoot || findProgram('newuidmap') === undefined)('ids (needs root and newuidmap)', () => {
  let caller: Caller;
  let around: Surroundings | undefined;
  beforeAll(() => {
    caller = makeCaller('user');
  });
  afterEach(() => around?.end());
  afterAll(() => caller.remove());

  async function idsIn(setup: string, before: readonly string[] = []) {
    around = await surroundings(setup);
    return (await check(caller, [...around.inside, ...before])).get('ids');
  }

  it.each([USER, 'checker'])('are mapped for a line of %s', async (owner) => {
    expect(await idsIn(`${KNOWN}\n${ranges(owner)}`)).toMatchObject({ status: 'ok', args: { count: 65_536 } });
  });

  it('are one where no file gives more; the fix gives them', async () => {
    const line = await idsIn(`${KNOWN}\n${ranges(USER, [])}`);
    expect(line).toMatchObject({
      status: 'limited',
      code: 'idRangesUnset',
      args: { files: ['/etc/subuid', '/etc/subgid'] },
    });
    expect(line?.fix?.commands[0]).toMatch(/usermod --add-subuids (\d+)-\d+ --add-subgids \1-\d+ checker/);
  });

  it('are one where only a file of the two gives more', async () => {
    const line = await idsIn(`${KNOWN}\n${ranges(USER, ['subuid'])}`);
    expect(line).toMatchObject({ code: 'idRangesUnset', args: { files: ['/etc/subgid'] } });
    expect(line?.fix?.commands[0]).toMatch(/usermod --add-subgids 765536-831071 checker/);
  });

  it('can be given to a uid without a name, too', async () => {
    const line = await idsIn(ranges(USER, []));
    await around?.mend(line?.fix);
    const again = (await check(caller, around?.inside)).get('ids');
    expect(again?.code).toBe('idRangesRefused');
    expect(again?.args.reason).toMatch(/user name/);
  });

  it('need newuidmap and newgidmap', async () => {
    expect(await idsIn(hidden('newgidmap'))).toMatchObject({
      status: 'limited',
      code: 'programMissing',
      args: { program: 'newgidmap' },
    });
  });

  it.each([
    ['without its set-user-ID bit', POWERLESS, 'idRangesPowerless'],
    ['on a nosuid mount', NOSUID, 'idRangesNosuid'],
  ])('need newuidmap to have privileges: %s; the fix gives them back', async (_, setup, code) => {
    const line = await idsIn(`${KNOWN}\n${ranges(USER)}\n${setup}`);
    expect(line).toMatchObject({ status: 'limited', code });
    await around?.mend(line?.fix);
    expect((await check(caller, around?.inside)).get('ids')).toMatchObject({ status: 'ok' });
  });

  it('need that a process may gain privileges', async () => {
    const line = await idsIn(`${KNOWN}\n${ranges(USER)}`, ['setpriv', '--no-new-privs', '--']);
    expect(line).toMatchObject({ code: 'idRangesNoNewPrivileges', fix: { code: 'withoutNoNewPrivileges' } });
  });

  it('of root are others than its own, with a warning', async () => {
    const root = makeCaller('root');
    expect((await check(root)).get('ids')).toMatchObject({ status: 'limited', args: { first: 524_288 } });
    root.remove();
  });
});
