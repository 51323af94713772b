import type { LabMember, LabNetwork } from '../../model/lab.ts';
import type { RunningLab } from '../../sandbox/lab/labs.ts';
import { conditionsText, cutOffSentence } from '../../text/labs.ts';
import { count } from '../../text/units.ts';
import { code, facts } from './markdown.ts';
import type { RunningSandbox } from './observation.ts';
import { portRows } from './port-rows.ts';
import { row, type Row } from './row.ts';

/** A lab with its networks, and in each who is there. */
export function labRow(parent: string, lab: RunningLab, sandboxes: readonly RunningSandbox[]): Row {
  const { id, file, hub, networks } = lab.lab;
  const rowId = `${parent}/${id}`;
  return row({
    id: rowId,
    label: id,
    description: count(lab.members.length, 'sandbox', 'sandboxes'),
    icon: 'circuit-board',
    subject: { kind: 'lab', lab },
    opening: 'expanded',
    tooltip: () =>
      [
        `**Lab** ${code(id)}`,
        facts([
          ['profile file', code(file)],
          ['hub', `pid ${hub.pid}`],
        ]),
      ].join('\n\n'),
    children: () => [
      ...cutOffRows(rowId, lab),
      ...networks.map((network) => networkRow(rowId, lab, network, sandboxes)),
    ],
  });
}

function cutOffRows(parent: string, { lab, cutOff }: RunningLab): readonly Row[] {
  if (cutOff.length === 0) return [];
  const sentence = cutOffSentence(lab.id, cutOff);
  const label = `${count(cutOff.length, 'sandbox', 'sandboxes')} cut off`;
  const parts = { description: 'the hub was killed', spoken: sentence, tooltip: () => sentence };
  return [row({ id: `${parent}/cut-off`, label, icon: 'warning', ...parts })];
}

function networkRow(parent: string, lab: RunningLab, network: LabNetwork, sandboxes: readonly RunningSandbox[]): Row {
  const { name, subnets, isolated, internet, conditions } = network;
  const id = `${parent}/${name}`;
  const words = [...(internet ? ['internet'] : []), ...(isolated ? ['isolated'] : [])];
  const traits = [...subnets, ...words, conditionsText(conditions)].filter(Boolean);
  return row({
    id,
    label: name,
    description: traits.join(' · '),
    spoken: `network ${name} of lab ${lab.lab.id}, ${traits.join(', ')}`,
    icon: internet ? 'globe' : 'git-merge',
    subject: { kind: 'labNetwork', lab, network: name },
    opening: 'expanded',
    children: () => lab.members.flatMap((member) => memberRows(id, name, member, sandboxes)),
  });
}

/** One for each link of a sandbox into the network. */
function memberRows(
  parent: string,
  network: string,
  { sandbox: name, hostname, interfaces }: LabMember,
  sandboxes: readonly RunningSandbox[],
): readonly Row[] {
  const running = sandboxes.find(({ sandbox }) => sandbox.id === name);
  return interfaces
    .filter((one) => one.network === network)
    .map(({ device, addresses }) => {
      const id = `${parent}/${name}/${device}`;
      const ports = running === undefined ? [] : portRows(id, running.sandbox.network);
      return row({
        id,
        label: hostname,
        description: [addresses.join(', '), device, ...(hostname === name ? [] : [name])].join(' · '),
        spoken: `sandbox ${name}, ${device}, ${addresses.join(', ')}`,
        icon: 'vm-running',
        subject: running && { kind: 'sandbox', sandbox: running.sandbox },
        opening: ports.length > 0 ? 'expanded' : 'leaf',
        children: () => ports,
      });
    });
}
