import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseStartTime, startTimeOf } from '../../src/discovery/pin.ts';
import { startChild } from './child.ts';

const statOf = (comm: string, state: string, startTime: number): string =>
  `7 (${comm}) ${state} 1 7 7 0 -1 4194560 1290 0 3 0 2 5 0 0 20 0 1 0 ${startTime} 4435968 913 0\n`;

it('finds the start time behind any name', () => {
  const name = fc.string({ unit: 'binary', maxLength: 15 });
  fc.assert(
    fc.property(name, fc.nat(), (comm, startTime) => {
      expect(parseStartTime(statOf(comm, 'S', startTime))).toBe(startTime);
    }),
  );
});

it.each([
  ['a zombie', statOf('sh', 'Z', 5)],
  ['what is dead', statOf('sh', 'X', 5)],
  ['what is cut off', statOf('sh', 'S', 5).slice(0, 40)],
  ['nothing', ''],
])('finds none of %s', (_, stat) => {
  expect(parseStartTime(stat)).toBeUndefined();
});

it('pins a process as long as it lives', async () => {
  const child = await startChild('sh', ['-c', 'echo ready; read _']);
  const startTime = startTimeOf(child.pid);
  expect(startTime).toBeGreaterThan(startTimeOf(process.pid) ?? Infinity);
  expect(startTimeOf(child.pid)).toBe(startTime);
  await child.end();
  expect(startTimeOf(child.pid)).toBeUndefined();
});
