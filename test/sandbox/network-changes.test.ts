import { expect, it } from 'vitest';
import { commandsOf, exampleChanges, type LinkSide } from '../../src/sandbox/network-changes.ts';

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

it('an interface whose name looks like an option comes after a word that says what it is', () => {
  const place = { name: 'n1', at: { netns: 'n1' } };
  const sides = [place, place].map((one) => ({ place: one, name: '-n', address: '10.0.0.1/24' })) as [
    LinkSide,
    LinkSide,
  ];
  const commands = [
    ...commandsOf({ do: 'link', ends: sides }),
    ...commandsOf({ do: 'address', place, name: '-n', address: '10.0.0.1/24' }),
    ...commandsOf({ do: 'set', place, name: '-n', up: true }),
  ];
  const before = commands.flatMap((command) => [...command.matchAll(/(\S+) -n(?! n1)/g)].map((found) => found[1]));
  expect(new Set(before)).toEqual(new Set(['name', 'dev']));
});

it('a sandbox is named by its process', () => {
  const place = { name: 'review-1', at: { pid: 7, startTime: 1 } };
  expect(commandsOf({ do: 'set', place, name: 'eth0', up: false })).toEqual([
    'nsenter --net=/proc/7/ns/net ip link set dev eth0 down',
  ]);
});
