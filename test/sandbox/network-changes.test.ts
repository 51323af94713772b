import { expect, it } from 'vitest';
import { commandsOf, exampleChanges } from '../../src/sandbox/network-changes.ts';

it('the example is the commands that ip-netns(8) would be told by hand', () => {
  expect(exampleChanges().flatMap(commandsOf)).toEqual([
    'ip netns add n1',
    'ip -n n1 link set lo up',
    'ip netns add n2',
    'ip -n n2 link set lo up',
    'ip link add name veth0 netns n1 type veth peer name veth1 netns n2',
    'ip -n n1 address add 10.0.0.1/24 dev veth0',
    'ip -n n1 link set dev veth0 up',
    'ip -n n2 address add 10.0.0.2/24 dev veth1',
    'ip -n n2 link set dev veth1 up',
  ]);
});

it('a sandbox is named by its process', () => {
  const place = { name: 'review-1', at: { pid: 7, startTime: 1 } };
  expect(commandsOf({ do: 'set', place, name: 'eth0', up: false })).toEqual([
    'nsenter --net=/proc/7/ns/net ip link set dev eth0 down',
  ]);
});
