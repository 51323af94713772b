import { expect, it } from 'vitest';
import type { NamespaceDetails } from '../../src/model/namespace-details.ts';
import { detailTexts } from '../../src/text/namespace-details.ts';

const texts = (details: NamespaceDetails): Readonly<Record<string, string>> => Object.fromEntries(detailTexts(details));

it('says of each type what is in it', () => {
  expect(
    texts({
      type: 'user',
      uidMap: [
        { inside: 0, outside: 1000, count: 1 },
        { inside: 1, outside: 100_000, count: 65_536 },
      ],
      gidMap: [],
    }),
  ).toEqual({ 'user ids': '0 are 1000, 1–65536 are 100000–165535', 'group ids': 'none' });
  expect(texts({ type: 'mnt', mounts: 31 })).toEqual({ mounts: '31' });
  expect(texts({ type: 'pid' })).toEqual({});
  expect(texts({ type: 'ipc', queues: 1, segments: 0, semaphores: 2 })).toEqual({
    'System V': '2 semaphore sets, 0 shared memory segments, 1 message queue',
  });
  expect(texts({ type: 'uts', hostname: 'web' })).toEqual({ 'host name': 'web' });
  expect(texts({ type: 'cgroup', roots: { '': '/a', pids: '/b' } })).toEqual({
    'root of cgroup2': '/a',
    'root of pids': '/b',
  });
  expect(texts({ type: 'time', monotonic: 0, boottime: -1.5 })).toEqual({
    'monotonic clock': '+0 s',
    'boot clock': '-1.5 s',
  });
});

it('says of a network its links, addresses, routes and who may call', () => {
  expect(
    texts({
      type: 'net',
      links: ['lo', 'eth0'],
      addresses: ['127.0.0.1', 'fd00::7'],
      routes: [
        { to: 'default', via: '10.7.0.9', device: 'eth0' },
        { to: '10.7.0.0/24', via: undefined, device: 'eth0' },
      ],
      listening: [
        { protocol: 'tcp', address: '0.0.0.0', port: 80 },
        { protocol: 'udp', address: '::1', port: 53 },
      ],
    }),
  ).toEqual({
    links: 'lo, eth0',
    addresses: '127.0.0.1, fd00::7',
    routes: 'default via 10.7.0.9 dev eth0, 10.7.0.0/24 dev eth0',
    listening: 'tcp 0.0.0.0:80, udp [::1]:53',
  });
});

it('names only the first of many', () => {
  const addresses = Array.from({ length: 20 }, (_, at) => `10.0.0.${at}`);
  const { addresses: said } = texts({ type: 'net', links: [], addresses, routes: [], listening: [] });
  expect(said).toMatch(/10\.0\.0\.7, 12 more$/);
});
