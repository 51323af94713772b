import type { JoinedInterface, LabMember, LinkConditions } from '../model/lab.ts';

/** What is said of sandboxes whose hub was killed. */
export function cutOffSentence(lab: string, cutOff: readonly LabMember[]): string {
  const names = cutOff.map(({ sandbox }) => sandbox).join(', ');
  return `The hub of ${lab} was killed, and with it the links of ${names}. Stop ${cutOff.length === 1 ? 'it' : 'them'}, and start again.`;
}

/** What happens to packets, in the words of a profile file; empty where nothing does. */
export function conditionsText({ delay, jitter, loss, rate }: LinkConditions): string {
  const parts = { delay, jitter, loss, rate };
  return Object.entries(parts)
    .flatMap(([key, value]) => (value === undefined ? [] : [`${key} ${value}`]))
    .join(' ');
}

/** `eth0 10.0.0.1/24 fd00::1/64 in lab` of each link, with commas between. */
export function linksText(interfaces: readonly JoinedInterface[]): string {
  return interfaces
    .map(({ network, device, addresses }) => `${device} ${addresses.join(' ')} in ${network}`)
    .join(', ');
}
