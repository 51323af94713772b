import { expect, it } from 'vitest';
import { disconnectCommands } from '../../src/sandbox/uplink-plan.ts';

const uplink = (name: string, number: number) => ({
  at: { netns: name },
  name: 'veth0',
  subnet: `10.213.${number}.0/24`,
  link: `uns1000-${number}`,
  table: `unshared_1000_${number}`,
  forwarding: ['eth0'],
});

it('what forwards for another network goes on', () => {
  const [one, other] = [uplink('n1', 0), uplink('n2', 1)];
  expect(disconnectCommands(one, [other])).toEqual([
    'ip link delete dev uns1000-0',
    'nft delete table inet unshared_1000_0',
  ]);
  expect(disconnectCommands(one, [])).toContain('sysctl -w net/ipv4/conf/eth0/forwarding=0');
});
