import { describe, expect, it } from 'vitest';
import { networkRows } from '../../../src/ui/views/network-rows.ts';
import type { Row } from '../../../src/ui/views/row.ts';
import { face, wired } from '../networks/wirings.ts';
import { observation, process, running, sandbox } from './observations.ts';

const texts = (rows: readonly Row[] | undefined): readonly string[] =>
  (rows ?? []).map(({ label, description }) => `${label} (${description ?? ''})`);

const lo = face(1, 'lo', { kind: 'loopback', addresses: ['127.0.0.1/8'] });
const eth0 = face(2, 'eth0', { carrier: false, addresses: ['10.0.0.1/24', 'fe80::1/64'] });

describe('networkRows', () => {
  it('are none where there is no name and no sandbox, so that the welcome text shows', () => {
    const snapshot = { ...observation().snapshot, namespaces: [] };
    expect(networkRows(observation({ snapshot, sandboxes: [] }), undefined)).toEqual([]);
  });

  it('show named networks with their interfaces, once they have been read', () => {
    const wiring = { networks: [wired(44, { kind: 'named', name: 'n1' }, [lo, eth0])], cables: [] };
    const [named] = networkRows(observation(), wiring);
    expect(texts(named?.children())).toEqual(['n1 (10.0.0.1/24)']);
    expect(texts(named?.children()[0]?.children())).toEqual([
      'lo (loopback · 127.0.0.1/8)',
      'eth0 (up, no carrier · veth · 10.0.0.1/24 · fe80::1/64)',
    ]);
    expect(named?.children()[0]?.children()[1]?.subject).toEqual({ kind: 'interfaceUp', network: 44, name: 'eth0' });
  });

  it('show the way out that one has through the host', () => {
    const host = wired(1, { kind: 'yours' }, [face(7, 'uns1000-0', { addresses: ['10.9.8.1/24'] })]);
    const eth1 = face(3, 'eth1', { addresses: ['10.9.8.2/24'] });
    const named = wired(44, { kind: 'named', name: 'n1' }, [lo, eth0, eth1]);
    const cable = { kind: 'veth', from: { network: 1, index: 7 }, to: { network: 44, index: 3 } } as const;
    const [row] = networkRows(observation(), { networks: [host, named], cables: [cable] })[0]?.children() ?? [];
    expect(texts(row && [row])).toEqual(['n1 (way out · 10.0.0.1/24, 10.9.8.2/24)']);
    expect(row?.icon).toBe('globe');
    expect(texts(row?.children()).at(-1)).toBe('eth1 (veth · 10.9.8.2/24 · out through uns1000-0)');
  });

  it('say why one cannot be read', () => {
    const unread = 'only root may look into it';
    const wiring = { networks: [wired(44, { kind: 'named', name: 'n1' }, [], { unread })], cables: [] };
    const [named] = networkRows(observation(), wiring);
    expect(texts(named?.children()[0]?.children())).toEqual([`Not readable (${unread})`]);
  });

  it('show the networks of sandboxes with their published ports, but not of those that share the host’s', () => {
    const publish = [{ address: '127.0.0.1', host: 8080, inside: 80, protocol: 'tcp' } as const];
    const own = sandbox({ network: { mode: 'internet', publish, hostPorts: [] } });
    const shared = sandbox({ id: 'shared-1', network: { mode: 'host', publish: [], hostPorts: [] } });
    const snapshot = { ...observation().snapshot, processes: [process(10), process(50, { namespaces: { net: 60 } })] };
    const seen = observation({ snapshot, sandboxes: [running({ sandbox: own }), running({ sandbox: shared })] });
    const wiring = { networks: [wired(60, { kind: 'sandbox', id: own.id }, [lo, eth0])], cables: [] };
    const [, sandboxes] = networkRows(seen, wiring);
    expect(texts(sandboxes?.children())).toEqual(['throwaway-1a2b (internet · 10.0.0.1/24)']);
    const [port] = sandboxes?.children()[0]?.children() ?? [];
    expect([port?.label, port?.subject?.kind]).toEqual(['8080 → 80', 'webPort']);
  });

  it('say that a sandbox has no way out only where its network has been read, also to who hears it', () => {
    const none = sandbox({ network: { mode: 'none', publish: [], hostPorts: [] } });
    const snapshot = { ...observation().snapshot, processes: [process(10), process(50, { namespaces: { net: 60 } })] };
    const seen = observation({ snapshot, sandboxes: [running({ sandbox: none })] });
    const wiring = { networks: [wired(60, { kind: 'sandbox', id: none.id }, [lo])], cables: [] };
    const [unread] = networkRows(seen, undefined).at(-1)?.children() ?? [];
    const [read] = networkRows(seen, wiring).at(-1)?.children() ?? [];
    expect([unread?.description, unread?.icon]).toEqual(['', 'vm-running']);
    expect([read?.description, read?.icon]).toEqual(['no way out · 0 links', 'vm-running']);
    expect(read?.spoken).toMatch(/^network of sandbox throwaway-1a2b, no way out/);
  });
});
