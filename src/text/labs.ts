import type { JoinedInterface, LabMember } from '../model/lab.ts';

/** What is said of sandboxes whose hub was killed. */
export function cutOffSentence(lab: string, cutOff: readonly LabMember[]): string {
  const names = cutOff.map(({ sandbox }) => sandbox).join(', ');
  return `The hub of ${lab} was killed, and with it the links of ${names}. Stop ${cutOff.length === 1 ? 'it' : 'them'}, and start again.`;
}

/** `eth0 10.0.0.1/24 fd00::1/64 in lab` of each link, with commas between. */
export function linksText(interfaces: readonly JoinedInterface[]): string {
  return interfaces
    .map(({ network, device, addresses }) => `${device} ${addresses.join(' ')} in ${network}`)
    .join(', ');
}
