import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { hostMounts, mountAround, parseMounts, rootOf } from '../../src/host/mounts.ts';
import { findProgram } from '../../src/host/programs.ts';

/** Lines of mountinfo from numbers, roots and targets. */
const mounts = (...lines: readonly (readonly [number, number, string, string])[]) =>
  parseMounts(
    lines.map(([id, on, root, target]) => `${id} ${on} 8:1 ${root} ${target} rw,noexec - ext4 /dev/sda rw`).join('\n'),
  );

describe('mountinfo', () => {
  it('is read with its escapes; a line of another shape is passed over', () => {
    expect(parseMounts('5 1 8:1 /a\\040b /c\\134d ro,nosuid shared:1 - ext4 x rw\nother\n')).toEqual([
      { id: '5', parent: '1', root: '/a b', target: '/c\\d', options: ['ro', 'nosuid'] },
    ]);
  });

  it.each([
    ['the deepest', mounts([1, 0, '/', '/'], [2, 1, '/', '/a'], [3, 2, '/', '/a/b']), '3'],
    ['one that was there before the root was', mounts([2, 9, '/', '/a'], [9, 1, '/', '/']), '2'],
    ['the last in one place', mounts([1, 0, '/', '/'], [2, 1, '/', '/a'], [3, 2, '/', '/a']), '3'],
    ['one that hides a deeper one', mounts([1, 0, '/', '/'], [2, 1, '/', '/a/b'], [3, 1, '/', '/a']), '3'],
    ['a root that is on itself', mounts([1, 1, '/', '/'], [5, 1, '/', '/']), '5'],
    ['none of a name that begins with the same', mounts([1, 0, '/', '/'], [2, 1, '/', '/a/b/c2']), '1'],
    ['none', mounts(), undefined],
  ])('says which mount a path is on: %s', (_, all, id) => {
    expect(mountAround('/a/b/c', all)?.id).toBe(id);
  });

  it('says what the root of a bind of a path will be', () => {
    const all = mounts([1, 0, '/', '/'], [2, 1, '/@home', '/home']);
    expect([rootOf('/home/u/x', all), rootOf('/home', all), rootOf('/etc', all)]).toEqual([
      '/@home/u/x',
      '/@home',
      '/etc',
    ]);
    expect(rootOf('/etc', [])).toBeUndefined();
  });

  it.skipIf(findProgram('findmnt') === undefined)(
    'of this machine is understood as by findmnt(8) (needs findmnt)',
    () => {
      for (const path of ['/', '/proc/self', '/sys/kernel', '/dev/null', '/usr/bin', process.cwd()]) {
        const listed = execFileSync('findmnt', ['--noheadings', '--output', 'ID', '--target', path], {
          encoding: 'utf8',
        });
        expect([path, mountAround(path, hostMounts())?.id]).toEqual([path, listed.trim().split('\n').at(-1)?.trim()]);
      }
    },
  );
});
