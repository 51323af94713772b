import { expect, it } from 'vitest';
import type { Lab, LabMember } from '../../../src/model/lab.ts';
import type { RunningLab } from '../../../src/sandbox/lab/labs.ts';
import { networkRows } from '../../../src/ui/views/network-rows.ts';
import { observation, running, sandbox } from './observations.ts';

const HUB = { pid: 70, startTime: 7 };

const lab: Lab = {
  id: 'shop-123456',
  file: '/shop/.vscode/sandboxes.json',
  networks: [
    {
      name: 'front',
      subnets: ['10.0.0.0/24', 'fd00::/64'],
      mtu: undefined,
      isolated: false,
      internet: true,
      conditions: {},
    },
    {
      name: 'back',
      subnets: ['10.1.0.0/24'],
      mtu: 1400,
      isolated: true,
      internet: false,
      conditions: { delay: '20ms', jitter: '5ms', loss: '1%', rate: '10mbit' },
    },
  ],
  hub: HUB,
};

function member(name: string, hostname: string): LabMember {
  const one = { network: 'front', device: 'eth0', addresses: ['10.0.0.1/24', 'fd00::1/64'], gateways: [] };
  return { sandbox: name, hostname, launcher: HUB, hub: HUB, interfaces: [one] };
}

const rowsOf = (one: RunningLab) =>
  networkRows(observation({ labs: [one], sandboxes: [running({ sandbox: sandbox({ id: 'web-1a2b' }) })] }), undefined);

it('show a lab with its networks, what happens on their links, and who is there', () => {
  const [labs] = rowsOf({ lab, members: [member('web-1a2b', 'web'), member('db-3c4d', 'db-3c4d')], cutOff: [] });
  const [shop] = labs?.children() ?? [];
  expect([shop?.label, shop?.description, shop?.subject?.kind]).toEqual(['shop-123456', '2 sandboxes', 'lab']);
  const [front, back] = shop?.children() ?? [];
  expect([front?.label, front?.description]).toEqual(['front', '10.0.0.0/24 · fd00::/64 · internet']);
  expect(back?.description).toBe('10.1.0.0/24 · isolated · delay 20ms jitter 5ms loss 1% rate 10mbit');
  expect(back?.subject).toMatchObject({ kind: 'labNetwork', network: 'back' });
  expect(front?.children().map(({ label, description }) => `${label}: ${description}`)).toEqual([
    'web: 10.0.0.1/24, fd00::1/64 · eth0 · web-1a2b',
    'db-3c4d: 10.0.0.1/24, fd00::1/64 · eth0',
  ]);
  expect(front?.children().map(({ subject }) => subject?.kind)).toEqual(['sandbox', undefined]);
  expect(back?.children()).toEqual([]);
});

it('show the ports of a sandbox, and whether it has a way out', () => {
  const port = { address: '127.0.0.1', host: 8080, inside: 80, protocol: 'tcp' } as const;
  const inLab = { id: lab.id, folder: '/run/lab', hub: HUB, internet: true, interfaces: member('', '').interfaces };
  const web = sandbox({ id: 'web-1a2b', network: { mode: 'none', publish: [port], hostPorts: [5432] }, lab: inLab });
  const one = { lab, members: [member('web-1a2b', 'web')], cutOff: [] };
  const rows = networkRows(observation({ labs: [one], sandboxes: [running({ sandbox: web })] }), undefined);
  const [row] = rows[0]?.children()[0]?.children()[0]?.children() ?? [];
  expect([row?.opening, row?.children().map(({ label }) => label)]).toEqual(['expanded', ['8080 → 80', '5432 ← 5432']]);
  expect(row?.children()[0]?.subject).toEqual({ kind: 'webPort', port });
  expect(rows.find(({ id }) => id === 'sandboxes')?.children()[0]?.description).toBe('internet');
});

it('say which sandboxes are cut off, because the hub was killed', () => {
  const [labs] = rowsOf({ lab, members: [], cutOff: [member('web-1a2b', 'web')] });
  const [cutOff] = labs?.children()[0]?.children() ?? [];
  expect([cutOff?.label, cutOff?.description]).toEqual(['1 sandbox cut off', 'the hub was killed']);
  expect(cutOff?.spoken).toContain('the links of web-1a2b');
});
