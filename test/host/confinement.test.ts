import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { findLibrary } from '../../src/host/libraries.ts';
import { findProgram } from '../../src/host/programs.ts';
import { check, hidden, instead, surroundings, type Surroundings } from '../support/surroundings.ts';
import { isRoot, makeCaller, type Caller } from '../support/unshared.ts';

/** A setpriv as those before util-linux 2.41: without a loader of its own. */
const OLD_SETPRIV = instead(
  'setpriv',
  `"$REAL" "$@" | { case $* in --help) grep -v landlock | grep -v seccomp ;; *) cat ;; esac; }`,
);

describe.skipIf(!isRoot)('confinement (needs root)', () => {
  let caller: Caller;
  let around: Surroundings | undefined;
  beforeAll(() => {
    caller = makeCaller('user');
  });
  afterEach(() => around?.end());
  afterAll(() => caller.remove());

  async function linesIn(setup: string) {
    around = await surroundings(setup);
    return check(caller, around.inside);
  }

  it.skipIf(findLibrary('libseccomp.so.2') === undefined)('needs libseccomp', async () => {
    const lines = await linesIn(hidden(findLibrary('libseccomp.so.2') ?? ''));
    expect(lines.get('seccomp-library')).toMatchObject({ status: 'missing', code: 'seccompLibraryMissing' });
    expect(lines.get('seccomp-library')?.fix?.commands[0]).toMatch(/install libseccomp/);
  });

  it.skipIf(findProgram('perl') === undefined)('needs a program that sets a filter', async () => {
    const lines = await linesIn(`${OLD_SETPRIV}\n${hidden('perl')}`);
    expect(lines.get('seccomp-loader')).toMatchObject({ status: 'missing', code: 'seccompLoaderMissing' });
    expect(lines.get('landlock')).toMatchObject({ status: 'missing' });
  });

  it.skipIf(findProgram('perl') === undefined)('needs that the filter is there afterwards', async () => {
    const lines = await linesIn(`${OLD_SETPRIV}\n${instead('perl', 'shift 3; exec "$@"')}`);
    expect(lines.get('seccomp-loader')).toMatchObject({ status: 'missing', code: 'seccompLoaderFails' });
  });

  it('needs Landlock to be among the security modules', async () => {
    const modules =
      'mount -t tmpfs -o mode=755 tmpfs /sys/kernel/security; echo lockdown,yama >/sys/kernel/security/lsm';
    expect((await linesIn(modules)).get('landlock')).toMatchObject({
      status: 'missing',
      code: 'landlockOff',
      fix: { commands: ['lsm=landlock,lockdown,yama'] },
    });
  });
});
