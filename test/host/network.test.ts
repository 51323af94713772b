import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { findProgram } from '../../src/host/programs.ts';
import { before, check, hidden, instead, surroundings, type Surroundings } from '../support/surroundings.ts';
import { isRoot, makeCaller, type Caller } from '../support/unshared.ts';

const TUN = 'mount -t tmpfs -o mode=755 tmpfs /dev/net; mknod -m 600 /dev/net/tun c 10 200';

describe.skipIf(!isRoot)('the network (needs root)', () => {
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

  it('needs a program for the internet', async () => {
    const there = ['pasta', 'slirp4netns'].filter((name) => findProgram(name) !== undefined);
    const lines = await linesIn(hidden(...there));
    expect(lines.get('internet')).toMatchObject({ status: 'missing', code: 'internetMissing' });
    expect(lines.get('internet')?.fix?.commands[0]).toMatch(/install passt/);
  });

  it('needs what keeps this machine out of reach', async () => {
    const line = (await linesIn(hidden('nft'))).get('internet');
    expect(line).toMatchObject({ status: 'missing', code: 'filterMissing' });
    expect(line?.fix?.commands[0]).toMatch(/install nftables/);
  });

  it.skipIf(findProgram('slirp4netns') === undefined)(
    'has an internet without ports where slirp4netns is all there is (needs slirp4netns)',
    async () => {
      const lines = await linesIn(hidden('pasta'));
      expect(lines.get('internet')).toMatchObject({ status: 'limited', code: 'internetWithoutPorts' });
    },
  );

  it('needs /dev/net/tun to be open; the fix opens it', async () => {
    const line = (await linesIn(TUN)).get('tun');
    expect(line).toMatchObject({ status: 'missing', code: 'tunClosed' });
    await around?.mend(line?.fix);
    expect((await check(caller, around?.inside)).get('tun')).toMatchObject({ status: 'ok' });
  });

  it('needs /dev/net/tun to be there', async () => {
    const lines = await linesIn('mount -t tmpfs tmpfs /dev/net');
    expect(lines.get('tun')).toMatchObject({ status: 'missing', code: 'tunMissing', fix: { code: 'loadModule' } });
  });

  it('needs a kernel with links between sandboxes', async () => {
    const none = 'case $* in *veth*) echo "Error: Unknown device type." >&2; exit 2 ;; esac\nexec "$REAL" "$@"';
    const lines = await linesIn(instead('ip', none));
    expect(lines.get('links')).toMatchObject({
      status: 'missing',
      code: 'linksRefused',
      args: { reason: 'Error: Unknown device type.' },
    });
    expect([...lines.keys()].filter((id) => id.startsWith('lab'))).toEqual([]);
  });

  it('has labs where a sandbox can be connected to a hub', async () => {
    expect((await check(caller)).get('labs')).toMatchObject({ status: 'ok' });
    const none = 'case $* in *" netns "*) echo "Error: refused." >&2; exit 2 ;; esac\nexec "$REAL" "$@"';
    const lines = await linesIn(instead('ip', none));
    expect(lines.get('labs')).toMatchObject({
      status: 'missing',
      code: 'labsRefused',
      args: { reason: 'Error: refused.' },
    });
    expect(lines.get('labs')?.fix).toBeUndefined();
    await around?.end();
    expect((await linesIn(hidden('flock'))).get('labs')?.fix?.commands[0]).toMatch(/install util-linux/);
  });

  it('says what this kernel cannot do to a link', async () => {
    const none =
      'case $* in *netem*) echo "Error: Specified qdisc kind is unknown." >&2; exit 2 ;; esac\nexec "$REAL" "$@"';
    const lines = await linesIn(instead('tc', none));
    expect(lines.get('link-netem')).toMatchObject({
      status: 'missing',
      code: 'linkConditionsRefused',
      fix: { code: 'loadModule', commands: [expect.stringContaining('modprobe sch_netem')] },
    });
    expect(lines.get('link-tbf')).toMatchObject({ status: 'ok' });
  });

  it('has an internet of labs with pasta, nft and a kernel that translates addresses', async () => {
    expect((await check(caller)).get('lab-internet')).toMatchObject({ status: 'ok' });
    expect((await linesIn(hidden('pasta'))).get('lab-internet')?.fix?.commands[0]).toMatch(/install passt/);
    await around?.end();
    const old =
      'case $* in *--ns-ifname*) echo "$0: unrecognized option \'--ns-ifname\'" >&2; exit 1 ;; esac\nexec "$REAL" "$@"';
    expect((await linesIn(before('pasta', old))).get('lab-internet')).toMatchObject({
      status: 'missing',
      code: 'labInternetTooOld',
      args: { option: '--ns-ifname' },
    });
    await around?.end();
    const none = 'case $* in *masquerade*) echo "Error: Could not process rule" >&2; exit 1 ;; esac\nexec "$REAL" "$@"';
    expect((await linesIn(instead('nft', none))).get('lab-internet')).toMatchObject({
      status: 'missing',
      code: 'labInternetRefused',
      args: { reason: 'Error: Could not process rule' },
    });
  });
});
