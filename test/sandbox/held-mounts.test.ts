import { describe, expect, it } from 'vitest';
import { holdMounts } from '../../src/sandbox/held-mounts.ts';
import { bindFile, bindFolder, NO_MOUNTS, remountReadOnly, tmpfs, type MountEntry } from '../../src/sandbox/mounts.ts';

const FOLDER = '/run/x';
const MASK = ['ro', 'nosuid', 'noexec'];
const data = bindFolder('/home/u/data', '/data', 'ro');
const shown = bindFolder('/home/u/shown', '/shown', 'rw');

/** Each line as `source > target`, outside below the sandbox's folder and inside. */
function divide(first: readonly MountEntry[], second: readonly MountEntry[] = [], last: readonly MountEntry[] = []) {
  const { outer, inner } = holdMounts({ ...NO_MOUNTS, first, second, last }, FOLDER);
  const line = ({ source, target }: MountEntry): string => `${source} > ${target}`;
  return { outer: outer.map(line), inner: [...inner.first, ...inner.second, ...inner.last].map(line) };
}

describe('mounts where root inside may mount', () => {
  it('are taken from outside with the flags that they have there', () => {
    const { outer, inner } = holdMounts({ ...NO_MOUNTS, first: [data] }, FOLDER);
    expect(outer).toEqual([{ ...data, inside: false, aside: true, shown: '/data', target: 'held/0' }]);
    expect(inner.first).toEqual([{ ...data, source: '/run/x/held/0', options: ['rbind'] }]);
  });

  it('are the own of the sandbox but for what is of this machine, with what covers it', () => {
    const own = [tmpfs('/tmp', '1777'), bindFile('/dev/zero', '/dev/zero', ['nosuid', 'noexec'])];
    const name = bindFile('/run/x/scratch/resolv.conf', '/data/resolv', ['ro', 'nosuid', 'nodev']);
    const masks = [bindFile('/dev/null', '/data/key', MASK), bindFile('/dev/null', '/tmp/key', MASK)];
    const close: MountEntry = {
      source: '/data/in',
      inside: true,
      target: '/data/in',
      type: 'none',
      options: ['rbind', 'ro'],
    };
    expect(divide([...own, data], [name, ...masks], [remountReadOnly('/data'), close])).toEqual({
      outer: ['/home/u/data > held/0', '/dev/null > held/0/key', 'none > held/0', '/run/x/held/0/in > held/0/in'],
      inner: [
        'tmpfs > /tmp',
        '/dev/zero > /dev/zero',
        '/run/x/held/0 > /data',
        '/run/x/scratch/resolv.conf > /data/resolv',
        '/dev/null > /tmp/key',
      ],
    });
  });

  it('stay in their order where one of its own lies between', () => {
    const between = tmpfs('/data/tmp', '1777');
    const deeper = bindFolder('/home/u/deep', '/data/tmp/deep', 'ro');
    expect(divide([data, between, deeper])).toEqual({
      outer: ['/home/u/data > held/0', '/home/u/deep > held/1'],
      inner: ['/run/x/held/0 > /data', 'tmpfs > /data/tmp', '/run/x/held/1 > /data/tmp/deep'],
    });
  });

  it('of a file that has to be made are mounted inside on what is made', () => {
    const file = bindFile('/home/u/file', '/shown/file', ['ro', 'nosuid', 'nodev']);
    const plan = { ...NO_MOUNTS, first: [shown], files: ['/shown/file'], second: [file] };
    const { outer, inner } = holdMounts(plan, FOLDER);
    expect(outer.map(({ target }) => target)).toEqual(['held/0', 'held/1']);
    expect(inner.second).toEqual([{ ...file, source: '/run/x/held/1', options: ['bind'] }]);
  });

  it('are firm unless they can be taken away, or stand where one can write', () => {
    const masks = ['/data/key', '/shown/key', '/tmp/key'].map((path) => bindFile('/dev/null', path, MASK));
    const closed = remountReadOnly('/shown');
    const firmOf = (last: readonly MountEntry[]) => {
      const { firm } = holdMounts(
        { ...NO_MOUNTS, first: [data, shown, tmpfs('/tmp', '1777')], second: masks, last },
        FOLDER,
      );
      return [...firm].map(({ target }) => target);
    };
    expect(firmOf([])).toEqual(['/data', '/shown', '/data/key']);
    expect(firmOf([closed])).toEqual(['/data', '/shown', '/data/key', '/shown/key', '/shown']);
  });
});
