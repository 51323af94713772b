import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { takeSnapshot } from '../../src/discovery/snapshot.ts';
import { sandboxUsage } from '../../src/discovery/usage.ts';
import { until } from '../support/until.ts';
import { startChild } from './child.ts';
import { someProcess, someSnapshot } from './samples.ts';

it('sums the processes in the pid namespace of PID 1', () => {
  const [host, inside] = [{ pid: 1 }, { pid: 2 }];
  const processes = [
    someProcess({ pid: 50, namespaces: inside, rss: 1000 }),
    someProcess({ pid: 51, namespaces: inside, rss: 200 }),
    someProcess({ pid: 52, namespaces: host, rss: 30 }),
    someProcess({ pid: 53, namespaces: {}, rss: 4 }),
  ];
  const snapshot = someSnapshot({ processes });
  expect(sandboxUsage(snapshot, 50)).toEqual({ processes: 2, rss: 1200 });
  expect(sandboxUsage(snapshot, 53)).toEqual({ processes: 0, rss: 0 });
  expect(sandboxUsage(snapshot, 99)).toEqual({ processes: 0, rss: 0 });
});

it('counts those of a real pid namespace', async () => {
  const child = await startChild('unshare', [
    '-Urpf',
    '--kill-child',
    'sh',
    '-c',
    'sleep 600 & sleep 600 & echo ready; read _',
  ]);
  try {
    const pid1 = Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8'));
    const usage = await until('three processes', () => {
      const now = sandboxUsage(takeSnapshot(), pid1);
      return now.processes === 3 && now;
    });
    expect(usage.rss).toBeGreaterThan(100_000);
  } finally {
    await child.end();
  }
});
