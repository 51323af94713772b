import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { Snapshot } from '../../src/protocol/discovery.ts';
import { patience } from '../support/pace.ts';
import { isRoot } from '../support/unshared.ts';
import { FOR_USER, result } from './holders.ts';
import { startRaw } from './raw-helper.ts';

const PROCESSES = 5000;
const SCANS = 4;
const MOST = 60 * 1024 ** 2;

describe.skipIf(!isRoot)('the memory of the helper (needs root)', () => {
  it(`stays small while it looks at ${PROCESSES} processes`, { timeout: patience(120_000) }, async () => {
    const many = await manyProcesses();
    const helper = startRaw(FOR_USER);
    try {
      const seen: number[] = [];
      for (let scan = 0; scan < SCANS; scan += 1) {
        const { processes } = await result<Snapshot>(helper, 'scan', {});
        expect(processes.length).toBeGreaterThan(PROCESSES);
        seen.push(helper.rss());
      }
      expect(Math.max(...seen) / 1024 ** 2).toBeLessThan(MOST / 1024 ** 2);
    } finally {
      await helper.end();
      await many.end();
    }
  });
});

/** Processes that wait, and end all together. */
async function manyProcesses(): Promise<{ readonly end: () => Promise<void> }> {
  const script = `i=0; while [ $i -lt ${PROCESSES} ]; do read -r _ <&3 & i=$((i + 1)); done; echo; wait`;
  const shell = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore', 'pipe'] });
  if (shell.stdout === null) throw new Error('no output');
  const exit = once(shell, 'exit');
  const started = await Promise.race([once(shell.stdout, 'data').then(() => true), exit.then(() => false)]);
  const end = async (): Promise<void> => {
    shell.stdio[3]?.destroy();
    await exit;
  };
  if (started) return { end };
  await end();
  throw new Error(`this machine has no room for ${PROCESSES} processes`);
}
