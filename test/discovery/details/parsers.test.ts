import { expect, it } from 'vitest';
import { addressOf } from '../../../src/discovery/details/addresses.ts';
import { cgroupRoots } from '../../../src/discovery/details/cgroup-roots.ts';
import { parseIdMap } from '../../../src/discovery/details/id-maps.ts';
import { countObjects } from '../../../src/discovery/details/ipc.ts';
import { parseOffsets } from '../../../src/discovery/details/time-offsets.ts';
import { parseUsers } from '../../../src/discovery/users.ts';

it('reads id maps', () => {
  expect(parseIdMap('         0          0 4294967295\n')).toEqual([{ inside: 0, outside: 0, count: 4294967295 }]);
  expect(parseIdMap('')).toEqual([]);
});

it('reads offsets, of which nanoseconds are added to the seconds', () => {
  expect(parseOffsets('monotonic           0         0\nboottime           -2 500000000\n')).toEqual({
    monotonic: 0,
    boottime: -1.5,
  });
});

it('counts System V objects beneath their head', () => {
  expect(countObjects('       key      semid perms      nsems\n')).toBe(0);
  expect(countObjects('       key      semid perms      nsems\n         0          0   644          1\n')).toBe(1);
});

it('finds the roots of a cgroup namespace, where its processes are beneath them', () => {
  const outside = { '': '/a/b/c', pids: '/x', cpu: '/y', memory: '/m' };
  const inside = { '': '/c', pids: '/', cpu: '/../z', memory: '/n' };
  expect(cgroupRoots(outside, inside)).toEqual({ '': '/a/b', pids: '/x' });
});

it('reads addresses in the byte order of the machine', () => {
  expect(addressOf('0100007F')).toBe('127.0.0.1');
  expect(addressOf('00000000000000000000000001000000')).toBe('::1');
  expect(addressOf('0000000000000000FFFF00000100007F')).toBe('::ffff:127.0.0.1');
});

it('takes the first name of a user id', () => {
  expect(parseUsers('root:x:0:0:root:/root:/bin/sh\ntoor:x:0:0::/:/bin/sh\nbroken\n')).toEqual(new Map([[0, 'root']]));
});
