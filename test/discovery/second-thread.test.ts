import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { secondThread, type SecondThread } from '../../src/discovery/second-thread.ts';
import { startSight, type SeenProcesses } from '../../src/discovery/sight.ts';

/** More than those below which one thread looks alone. */
const CROWD = 400;

describe('with many processes', () => {
  let shell: ChildProcess;
  let folder = '';
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'second-thread-'));
    const script = `
      for i in $(seq ${CROWD}); do sleep 1000000 >/dev/null & done; echo ready
      while read -r _; do kill $!; wait $!; sleep 1000000 >/dev/null & echo $!; done; kill $(jobs -p)`;
    shell = spawn('bash', ['-c', script], { stdio: ['pipe', 'pipe', 'ignore'] });
    await once(shell.stdout ?? shell, 'data');
  });
  afterAll(async () => {
    shell.stdin?.end();
    await once(shell, 'exit');
    rmSync(folder, { recursive: true });
  });

  const ofCrowd = (seen: SeenProcesses) => [...seen.values()].filter(({ process: { ppid } }) => ppid === shell.pid);

  async function replaceLast(): Promise<number> {
    const replaced = once(shell.stdout ?? shell, 'data');
    shell.stdin?.write('\n');
    return Number((await replaced)[0]);
  }

  it('sees the same as one thread, each half in one', () => {
    const [alone, together] = [
      startSight()([]),
      startSight(counting(secondThread(resolve('dist/discovery-worker.cjs'))))([]),
    ];
    expect(ofCrowd(together)).toEqual(ofCrowd(alone));
    expect(ofCrowd(together)).toHaveLength(CROWD);
    expect(answers[0]).toBeGreaterThan(CROWD / 3);
  });

  it('keeps what has not run, and sees who came and who went', async () => {
    const see = startSight(secondThread(resolve('dist/discovery-worker.cjs')));
    const before = ofCrowd(see([]));
    const born = await replaceLast();
    const after = new Set(ofCrowd(see([])));
    const gone = before.filter((one) => !after.has(one));
    expect(gone).toHaveLength(1);
    expect([...after].filter((one) => !before.includes(one)).map(({ process: { pid } }) => pid)).toEqual([born]);
  });

  it.each([
    ['says an error', `port.on('message', () => { port.postMessage({ error: 'no' }); told(); })`],
    ['ends', 'process.exit()'],
    ['throws', `throw new Error('no')`],
  ])('looks alone from then on where the other thread %s', async (_, broken) => {
    const file = join(folder, 'broken.cjs');
    writeFileSync(
      file,
      `const { port, answered } = require('node:worker_threads').workerData;
       const told = () => { Atomics.add(answered, 0, 1); Atomics.notify(answered, 0); };
       ${broken}`,
    );
    const see = startSight(counting(secondThread(file)));
    expect(ofCrowd(see([]))).toHaveLength(CROWD);
    await new Promise(setImmediate);
    expect(ofCrowd(see([]))).toHaveLength(CROWD);
    expect(answers).toEqual([]);
  });

  let answers: number[] = [];
  function counting(second: SecondThread): SecondThread {
    answers = [];
    return (share) => {
      const ask = second(share);
      return (round) => {
        const wait = ask(round);
        return () => {
          const looked = wait();
          answers.push(looked.changed.length);
          return looked;
        };
      };
    };
  }
});
