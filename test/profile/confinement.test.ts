import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProblemError } from '../../src/model/problem.ts';
import { formatPort, parsePort } from '../../src/profile/ports.ts';
import { formatRlimit, parseRlimit } from '../../src/profile/rlimits.ts';
import { sentence } from '../../src/text/problems.ts';
import { profileOf } from '../support/profiles.ts';

describe('ports', () => {
  it.each([
    [8080, { address: '127.0.0.1', host: 8080, inside: 8080, protocol: 'tcp' }],
    ['8080:80', { address: '127.0.0.1', host: 8080, inside: 80, protocol: 'tcp' }],
    ['0.0.0.0:53:53/udp', { address: '0.0.0.0', host: 53, inside: 53, protocol: 'udp' }],
    ['[::1]:8080:80', { address: '::1', host: 8080, inside: 80, protocol: 'tcp' }],
  ])('reads %j', (written, port) => {
    expect(parsePort(written)).toEqual(port);
  });

  it.each(['', '80', '0:80', '80:65536', '1.2.3:80:80', '[1.2.3.4]x:80:80', '80:80/sctp', ' 80:80', -1, 1.5])(
    'does not read %j',
    (written) => {
      expect(parsePort(written)).toBeUndefined();
    },
  );

  it('writes what it reads', () => {
    const port = fc.integer({ min: 1, max: 65_535 });
    const address = fc.oneof(fc.ipV4(), fc.constantFrom('::1', '::', 'fe80::1'));
    fc.assert(
      fc.property(
        address,
        port,
        port,
        fc.constantFrom('tcp' as const, 'udp' as const),
        (from, host, inside, protocol) => {
          const published = { address: from, host, inside, protocol };
          expect(parsePort(formatPort(published))).toEqual(published);
        },
      ),
    );
    fc.assert(fc.property(fc.string(), (text) => void parsePort(text)));
  });
});

describe('rlimits', () => {
  it.each([
    [1024, { soft: 1024, hard: 1024 }],
    ['0', { soft: 0, hard: 0 }],
    ['64:128', { soft: 64, hard: 128 }],
    ['64:unlimited', { soft: 64, hard: undefined }],
    ['unlimited', { soft: undefined, hard: undefined }],
  ])('reads %j', (written, limit) => {
    expect(parseRlimit(written)).toEqual(limit);
    expect(parseRlimit(formatRlimit(limit))).toEqual(limit);
  });

  it.each(['', ':', '5:4', 'unlimited:5', '1:2:3', '-1', '1.5', 'many', -1, 0.5, 2 ** 60])(
    'does not read %j',
    (written) => {
      expect(parseRlimit(written)).toBeUndefined();
    },
  );
});

describe('a profile', () => {
  it('is read with every kind of mount, in its order', () => {
    const mounts = [
      { bind: 'data', to: '/data', readOnly: true },
      { tmpfs: '/scratch', size: '64M' },
      { overlay: '~/cache', to: '/cache' },
      { mask: '/etc/ssh' },
    ];
    expect(profileOf({ mounts }).mounts).toEqual([
      { kind: 'bind', bind: '/ws/data', to: '/data', readOnly: true },
      { kind: 'tmpfs', to: '/scratch', size: 64 * 1024 ** 2 },
      { kind: 'overlay', overlay: '/home/u/cache', to: '/cache' },
      { kind: 'mask', mask: '/etc/ssh' },
    ]);
  });

  it.each([
    {},
    { bind: '/a' },
    { bind: '/a', tmpfs: '/b', to: '/c' },
    { tmpfs: '/a', to: '/b' },
    { mask: '/a', readOnly: true },
    { bind: '/a', to: '/b', size: '1M' },
  ])('does not take the mount %j', (mount) => {
    expect(said({ mounts: [mount] })).toMatch(/mounts\[0\]/);
  });

  it('takes the namespaces of others, and says where keys contradict each other', () => {
    const { namespaces } = profileOf({ namespaces: { net: 'sandbox:db', ipc: 'host', time: '/run/ns/time' } });
    expect(namespaces).toMatchObject({
      net: { kind: 'sandbox', name: 'db' },
      ipc: { kind: 'host' },
      time: { kind: 'path', path: '/run/ns/time' },
      uts: { kind: 'new' },
    });
    expect(said({ namespaces: { net: 'host' }, network: 'none' })).toContain('namespaces.net and network contradict');
    expect(said({ namespaces: { net: 'new' }, network: { mode: 'host' } })).toContain('namespaces.net and network');
    expect(profileOf({ namespaces: { net: 'new' }, network: 'internet' }).network.mode).toBe('internet');
    expect(said({ namespaces: { uts: 'host' }, hostname: 'x' })).toContain('namespaces.uts and hostname contradict');
    expect(said({ namespaces: { pid: 'host' } })).toContain('"pid" is "host", but it must be "new"');
  });

  it('lets the nearer profile choose between a network and a namespace of one', () => {
    expect(profileOf({ extends: 'project', namespaces: { net: 'sandbox:db' } }).namespaces.net.kind).toBe('sandbox');
    expect(profileOf({ network: 'host' }).namespaces.net.kind).toBe('host');
  });

  it('takes ports only with a way out', () => {
    expect(profileOf({ network: { mode: 'internet', publish: [8080], hostPorts: [5432] } }).network).toEqual({
      mode: 'internet',
      publish: [{ address: '127.0.0.1', host: 8080, inside: 8080, protocol: 'tcp' }],
      hostPorts: [5432],
    });
    expect(said({ network: { mode: 'none', publish: [8080] } })).toContain('network.publish and "mode": "none"');
  });

  it('is read with what confines it', () => {
    const settings = {
      user: 1000,
      capabilities: { base: 'none', add: ['net_raw'] },
      seccomp: './seccomp.json',
      landlock: { readOnly: ['/usr'], readWrite: ['${workspaceFolder}'] },
      rlimits: { nofile: '256:1024', core: 0 },
      command: ['node', '${workspaceFolder}/a.js'],
    };
    expect(profileOf(settings)).toMatchObject({
      user: { uid: 1000, gid: 1000 },
      capabilities: { base: 'none', add: ['net_raw'], drop: [] },
      seccomp: { kind: 'file', path: '/ws/seccomp.json' },
      landlock: { readOnly: ['/usr'], readWrite: ['/ws'] },
      rlimits: { nofile: { soft: 256, hard: 1024 }, core: { soft: 0, hard: 0 } },
      command: ['node', '/ws/a.js'],
    });
    expect(said({ capabilities: { add: ['CAP_NET_RAW'] } })).toMatch(/a capability of capabilities\(7\)/);
    expect(said({ seccomp: 'defualt' })).toContain('"default", "strict", "off", or the path');
    expect(said({ rlimits: { nofiles: 1 } })).toContain('Unknown key "nofiles"');
  });
});

/** What is wrong in a profile, in words. */
function said(settings: object): string {
  try {
    profileOf(settings);
  } catch (error) {
    if (error instanceof ProblemError) return error.problems.map(sentence).join('\n');
    throw error;
  }
  return '';
}
