import { describe, expect, it } from 'vitest';
import type { Network } from '../../../src/model/profile.ts';
import { addressOf } from '../../../src/ui/views/port-rows.ts';
import { sandboxRows, sandboxSummary } from '../../../src/ui/views/sandbox-rows.ts';
import { observation, running, sandbox } from './observations.ts';

const limits = {
  way: 'helper',
  cgroups: {},
  held: { 'memory.max': '64M', 'pids.max': '256', 'cpu.max': '150%' },
  missing: {},
} as const;

describe('sandboxRows', () => {
  it('shows a running sandbox under its profile, with its processes', () => {
    const [profile] = sandboxRows(observation());
    const [row] = profile?.children() ?? [];
    expect([profile?.label, profile?.description, profile?.opening]).toEqual(['throwaway', '1 running', 'expanded']);
    expect([row?.label, row?.description]).toEqual(['throwaway-1a2b', 'pid 50 · 3min · 12M · 3 processes']);
    expect(row?.children().map(({ label }) => label)).toEqual(['sh', 'bash']);
  });

  it('shows profiles of which none runs, and says whose they are', () => {
    const [profile] = sandboxRows(observation({ sandboxes: [] }));
    expect([profile?.description, profile?.opening]).toEqual(['Ends with its terminal', 'leaf']);
    expect(profile?.spoken).toBe('profile throwaway, built in, 0 sandboxes running');
  });

  it('shows a sandbox whose profile this window does not have', () => {
    const strange = running({ sandbox: sandbox({ id: 'other-0000', profile: 'other' }) });
    expect(sandboxRows(observation({ sandboxes: [strange] })).map(({ label }) => label)).toEqual([
      'throwaway',
      'other-0000',
    ]);
  });

  it('marks one that lacks a limit', () => {
    const missing = { ...limits, held: {}, missing: { 'memory.max': 'not delegated' } } as const;
    const weaker = running({ sandbox: sandbox({ limits: missing }) });
    const [row] = sandboxRows(observation({ sandboxes: [weaker] }))[0]?.children() ?? [];
    expect([row?.icon, row?.description]).toEqual(['warning', 'no memory.max · pid 50 · 3min · 12M · 3 processes']);
    expect(row?.tooltip?.()).toContain('**not held**: not delegated');
  });

  it('tells all limits that hold', () => {
    const held = { 'cpu.weight': '50', 'cpuset.cpus': '0-1', 'io.max': '/dev/vda rbps=10M' };
    const limited = running({ sandbox: sandbox({ limits: { ...limits, held } }) });
    expect(sandboxSummary(limited, limited.sandbox.startedAt)).toMatch(
      / · cpu\.weight 50 · cpuset\.cpus 0-1 · io\.max \/dev\/vda rbps=10M$/,
    );
    const [row] = sandboxRows(observation({ sandboxes: [limited] }))[0]?.children() ?? [];
    expect(row?.tooltip?.()).toContain('0\\-1');
  });

  it('marks one that has no filter', () => {
    const weaker = running({ sandbox: sandbox({ notes: [{ note: 'seccompMissing', reason: 'perl is missing' }] }) });
    const [row] = sandboxRows(observation({ sandboxes: [weaker] }))[0]?.children() ?? [];
    expect([row?.icon, row?.description]).toEqual(['warning', 'no seccomp · pid 50 · 3min · 12M · 3 processes']);
    expect(row?.tooltip?.()).toContain('Runs without a seccomp filter');
  });
});

describe('the ports of a sandbox', () => {
  const port = { address: '127.0.0.1', host: 8080, inside: 80, protocol: 'tcp' } as const;
  const rowsOf = (network: Network) => {
    const [row] =
      sandboxRows(observation({ sandboxes: [running({ sandbox: sandbox({ network }) })] }))[0]?.children() ?? [];
    return row?.children() ?? [];
  };

  it('stand before its processes, those that lead in before those that lead out', () => {
    const rows = rowsOf({ mode: 'internet', publish: [port], hostPorts: [5432] });
    expect(rows.map(({ label }) => label)).toEqual(['8080 → 80', '5432 ← 5432', 'sh', 'bash']);
  });

  it('can be opened in a browser where they are tcp', () => {
    const publish = [port, { ...port, address: '0.0.0.0', protocol: 'udp' } as const];
    const rows = rowsOf({ mode: 'internet', publish, hostPorts: [] });
    expect(rows.slice(0, 2).map(({ subject, description }) => [subject?.kind, description])).toEqual([
      ['webPort', 'tcp'],
      ['port', 'udp on 0.0.0.0'],
    ]);
  });

  it('are reached on the loopback where they listen everywhere', () => {
    const addresses = ['127.0.0.1', '0.0.0.0', '::', '192.168.1.5'];
    expect(addresses.map((address) => addressOf({ ...port, address }))).toEqual([
      '127.0.0.1:8080',
      '127.0.0.1:8080',
      '[::1]:8080',
      '192.168.1.5:8080',
    ]);
  });
});

describe('sandboxSummary', () => {
  it('puts what a sandbox uses before its limit', () => {
    expect(sandboxSummary(running({ sandbox: sandbox({ limits }) }), 42_000)).toBe(
      'pid 50 · 42s · 12M ≤ 64M · 3 processes ≤ 256 · cpu ≤ 150%',
    );
  });
});
