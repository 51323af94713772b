import { readdirSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { check, instead, surroundings, type Surroundings } from '../support/surroundings.ts';
import { CALLERS, isRoot, makeCaller, USER, type Caller } from '../support/unshared.ts';

describe.each(CALLERS)('root file systems, for %s', (name) => {
  it('can be an overlay, and the trial leaves nothing', async () => {
    const caller = makeCaller(name);
    const line = (await check(caller)).get('overlay');
    expect(line).toMatchObject({ status: 'ok' });
    expect(readdirSync(caller.home)).toEqual([]);
    caller.remove();
  });
});

describe.skipIf(!isRoot)('root file systems that cannot be had (needs root)', () => {
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

  it('a state folder that is on an overlay itself', async () => {
    const lines = await linesIn(`mount -t tmpfs tmpfs $T; mkdir $T/lower $T/upper $T/work; chown ${USER} $T/upper
      mount -t overlay -o lowerdir=$T/lower,upperdir=$T/upper,workdir=$T/work overlay ${caller.home}`);
    expect(lines.get('overlay')).toMatchObject({
      status: 'missing',
      code: 'overlayNotHere',
      args: { filesystem: 'overlayfs', folder: `${caller.home}/.local/state/namespace-sandboxes` },
      fix: { commands: [`mkdir -p -m 700 /var/tmp/state-${USER}`, `export XDG_STATE_HOME=/var/tmp/state-${USER}`] },
    });
  });

  it('a state folder that cannot be written to', async () => {
    const lines = await linesIn(`mount -t tmpfs -o ro tmpfs ${caller.home}`);
    expect(lines.get('overlay')).toMatchObject({ code: 'stateFolderUnusable', fix: { code: 'otherStateFolder' } });
    expect(lines.get('overlay')?.args.reason).toMatch(/EROFS/);
  });

  it('a kernel that mounts no overlay', async () => {
    const none = `case " $* " in *' overlay '*) echo "mount: unknown filesystem type 'overlay'." >&2; exit 32 ;; esac`;
    const lines = await linesIn(instead('mount', `${none}\nexec "$REAL" "$@"`));
    expect(lines.get('overlay')).toMatchObject({ code: 'overlayNotInKernel', fix: { code: 'loadModule' } });
  });

  it('options that mount accepts and ignores', async () => {
    const ignore = `for word; do shift
      case $word in ro=recursive | X-mount.idmap=*) word=rw ;; esac
      set -- "$@" "$word"; done\nexec "$REAL" "$@"`;
    const lines = await linesIn(instead('mount', ignore));
    expect(lines.get('mount-read-only-tree')).toMatchObject({ status: 'limited', args: { outcome: 'ignored' } });
    expect(lines.get('mount-idmap')).toMatchObject({ status: 'limited', args: { outcome: 'ignored' } });
  });

  it('options that mount refuses', async () => {
    const refuse = 'case $* in *=recursive* | *X-mount.idmap*) exit 1 ;; esac\nexec "$REAL" "$@"';
    const lines = await linesIn(instead('mount', refuse));
    expect(lines.get('mount-read-only-tree')).toMatchObject({ status: 'limited', args: { outcome: 'refused' } });
    expect(lines.get('mount-idmap')).toMatchObject({ status: 'limited', args: { outcome: 'refused' } });
  });

  it('an option that really holds', async () => {
    const hold = `case $* in *=recursive*) ;; *) exec "$REAL" "$@" ;; esac
      "$REAL" --rbind tree ro && "$REAL" -o remount,bind,ro ro/below && "$REAL" -o remount,bind,ro ro`;
    const lines = await linesIn(instead('mount', hold));
    expect(lines.get('mount-read-only-tree')).toMatchObject({ status: 'ok', args: { outcome: 'works' } });
  });
});
