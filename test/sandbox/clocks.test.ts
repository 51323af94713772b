import { execa } from 'execa';
import { expect, it } from 'vitest';
import { planClocks } from '../../src/sandbox/clocks.ts';

it('says offsets as they are where no clock is set back', async () => {
  expect(await planClocks({ time: { boottime: 0, monotonic: 7 } })).toEqual(['--boottime', '0', '--monotonic', '7']);
});

it('says them as this unshare takes them where one is', async () => {
  const options = await planClocks({ time: { boottime: -5, monotonic: 7 } });
  const said = options.filter((_, index) => index % 2 === 1).map((seconds) => BigInt.asIntN(64, BigInt(seconds)));
  expect(said).toEqual([-5n, 7n]);
  expect((await execa('unshare', [...options, '--version'])).stdout).toContain('util-linux');
});
