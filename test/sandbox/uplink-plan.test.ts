import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { problem, ProblemError } from '../../src/model/problem.ts';
import { freeUplinkNumber, MOST_UPLINKS, parseUplinkSubnet } from '../../src/model/uplink.ts';
import { disconnectCommands, planUplink, requireWayOut } from '../../src/sandbox/uplink-plan.ts';
import { sentences } from '../../src/text/problems.ts';

const uplink = {
  at: { netns: 'n1' },
  name: 'veth0',
  subnet: '10.213.0.0/24',
  link: 'uns1000-0',
  table: 'unshared_1000_0',
  forwarding: ['eth0'],
};

it('what forwards for another network goes on', () => {
  expect(disconnectCommands({ ...uplink, ending: [] })).toEqual([
    'ip link delete dev uns1000-0',
    'nft delete table inet unshared_1000_0',
  ]);
  expect(disconnectCommands({ ...uplink, ending: ['eth0'] })).toContain('sysctl -w net/ipv4/conf/eth0/forwarding=0');
});

it('what forwards only because of others is guarded for the next one too', () => {
  const subnet = parseUplinkSubnet('10.213.1.0/24') ?? expect.fail();
  const wish = { place: { name: 'n2', at: { netns: 'n2' } }, name: 'veth0', subnet };
  const guarded = (shared: readonly string[]): readonly string[] =>
    planUplink({ ways: ['lo'], taken: [] }, shared, wish).host.forwarding;
  const forwards = readFileSync('/proc/sys/net/ipv4/conf/lo/forwarding', 'utf8').trim() === '1';
  expect(guarded(['lo', 'eth9'])).toEqual(['lo']);
  expect(guarded([])).toEqual(forwards ? [] : ['lo']);
});

it('a number is the lowest that is free, and there is none beyond the last', () => {
  expect(freeUplinkNumber((number) => number === 0 || number === 2)).toBe(1);
  expect(freeUplinkNumber((number) => number < MOST_UPLINKS - 1)).toBe(MOST_UPLINKS - 1);
  expect(freeUplinkNumber(() => true)).toBeUndefined();
});

it('a host without a route says so, before anything is asked', () => {
  expect(() => {
    requireWayOut({ ways: [], taken: [] });
  }).toThrow(ProblemError);
  expect(sentences(new ProblemError(problem('hostOffline', {})))).toEqual([expect.stringMatching(/Connect it first/)]);
  requireWayOut({ ways: ['lo'], taken: [] });
});
