import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { findProgram } from '../../src/host/programs.ts';
import { check, hidden, instead, surroundings, type Surroundings } from '../support/surroundings.ts';
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
  });
});
