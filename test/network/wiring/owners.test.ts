import { describe, expect, it } from 'vitest';
import { inMountsOf, netnsNames, type Namespace } from '../../../src/model/namespace.ts';
import { ownerName, ownersOf } from '../../../src/network/wiring/owners.ts';
import { process } from '../../ui/views/observations.ts';

const net = (inode: number, parts: Partial<Namespace> = {}): Namespace => ({
  type: 'net',
  inode,
  pids: [],
  holders: [],
  relations: undefined,
  container: undefined,
  ...parts,
});
const held = (path: string) => ({ holders: [{ by: 'mount', pid: 10, path } as const] });

const here = (): boolean => true;

describe('ownersOf', () => {
  it('names by sandbox, by ip-netns(8), by container, by process, and by number where nothing else is known', () => {
    const networks = [
      net(4, { pids: [10] }),
      net(20, { pids: [50], ...held('/run/netns/beside') }),
      net(30, held('/var/run/netns/n1')),
      net(40, { pids: [60], container: { kind: 'docker', name: '0123456789ab' } }),
      net(50, { pids: [70] }),
      net(60),
    ];
    const namespaces = (inode: number) => ({ namespaces: { net: inode } });
    const owners = ownersOf(networks, {
      ownPid: 10,
      processes: [process(10), process(50, namespaces(20)), process(60), process(70, { comm: 'nginx' })],
      sandboxes: new Map([[50, 'review-1']]),
    });
    const names = networks.map(({ inode }) => ownerName(owners.get(inode) ?? { kind: 'unknown' }, inode));
    expect(names).toEqual(['this machine', 'review-1', 'n1', '0123456789ab', 'nginx 70', '60']);
  });

  it('take no name from another mount namespace, where anything may be mounted under it', () => {
    const processes = [process(10, { namespaces: { mnt: 7 } }), process(50, { namespaces: { mnt: 8 } })];
    const isHere = inMountsOf(10, processes);
    const names = [10, 50].map((pid) =>
      netnsNames(net(1, { holders: [{ by: 'mount', pid, path: '/run/netns/prod' }] }), isHere),
    );
    expect(names).toEqual([['prod'], []]);
  });

  it('take a name from the folder of ip-netns(8) alone', () => {
    expect(netnsNames(net(1, held('/run/docker/netns/1a2b')), here)).toEqual([]);
    expect(netnsNames(net(1, held('/run/netns/a b')), here)).toEqual(['a b']);
  });
});
