// As an ordinary user beside a polkit that grants it: measure-helper HELPER_FILE ROUNDS prints a table.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { argv, execPath } from 'node:process';
import { startHelper, type Helper } from '../src/elevation/start-helper.ts';

const [, , helperFile = '', rounds = '20'] = argv;
const ROUNDS = Number(rounds);
const CALLS = 100;
const SCANS = 10;
const SWEEP = { ended: [] };
const LIMITS = { 'memory.max': 64 * 1024 ** 2, 'pids.max': 50 };

const bare: number[] = [];
const starts: number[] = [];
const calls: number[] = [];
const resident: number[] = [];
const afterScans: number[] = [];

for (let round = 0; round < ROUNDS; round += 1) {
  bare.push(await timed(() => void execFileSync(execPath, ['-e', '0'])));
  let helper: Helper | undefined;
  starts.push(
    await timed(async () => {
      helper = await startHelper(helperFile, () => undefined);
      await helper.request('limits/sweep', SWEEP);
    }),
  );
  if (helper && round === 0) await limitCalls(helper);
  if (helper) resident.push(residentMegabytes());
  if (helper && round === 0) await scans(helper);
  helper?.dispose();
  await helper?.ended;
}

const start = median(starts) - median(bare);
process.stdout.write(
  [
    '| what | median | aim |',
    '| --- | ---: | ---: |',
    `| \`node -e 0\` | ${median(bare).toFixed(1)} ms | |`,
    `| start to first answer, pkexec included | ${median(starts).toFixed(1)} ms | |`,
    `| the difference | ${start.toFixed(1)} ms | 150 ms |`,
    `| limits/make, two limits, and limits/remove: each | ${median(calls).toFixed(2)} ms | 5 ms |`,
    `| resident memory | ${Math.max(...resident).toFixed(0)} MB | 60 MB |`,
    `| resident memory after ${SCANS} looks at this machine | ${Math.max(...afterScans).toFixed(0)} MB | 60 MB |`,
    '',
  ].join('\n'),
);

async function limitCalls(helper: Helper): Promise<void> {
  for (let call = 0; call < CALLS; call += 1) {
    const id = `bench-${call}`;
    calls.push(await timed(() => helper.request('limits/make', { id, limits: LIMITS })));
    calls.push(await timed(() => helper.request('limits/remove', { id })));
  }
}

async function scans(helper: Helper): Promise<void> {
  for (let scan = 0; scan < SCANS; scan += 1) {
    await helper.request('scan', {});
    afterScans.push(residentMegabytes());
  }
}

/** Of the process that runs the helper's file as root; /proc/PID/status may be read by anybody (proc_pid_status(5)). */
function residentMegabytes(): number {
  const pids = execFileSync('pgrep', ['--uid', '0', '--newest', '--full', helperFile], { encoding: 'utf8' });
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pids.trim()}/status`, 'utf8'))?.[1]) / 1024;
}

async function timed(work: () => unknown): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}
