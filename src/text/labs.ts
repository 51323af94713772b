import type { LabMember } from '../model/lab.ts';

/** What is said of sandboxes whose hub was killed. */
export function cutOffSentence(lab: string, cutOff: readonly LabMember[]): string {
  const names = cutOff.map(({ sandbox }) => sandbox).join(', ');
  return `The hub of ${lab} was killed, and with it the links of ${names}. Stop ${cutOff.length === 1 ? 'it' : 'them'}, and start again.`;
}
