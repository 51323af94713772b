import { describe, expect, it } from 'vitest';
import { findProgram } from '../../../src/host/programs.ts';
import { parseHardLimits, rlimitFacts } from '../../../src/sandbox/rlimits.ts';
import { busyboxTree } from '../../support/busybox.ts';
import { CALLERS } from '../../support/unshared.ts';
import { tryout } from './inside.ts';

const RLIMITS = { nofile: '60:80', fsize: 4096, core: 0, nproc: 50, sigpending: 20, nice: 0 };

describe.each(CALLERS)('the limits of each process in a sandbox of %s', (name) => {
  const tried = tryout(name);

  it('hold in every terminal, and for PID 1', async () => {
    const line = 'ulimit -Sn; ulimit -Hn; grep -hE "open files|file size|processes" /proc/self/limits /proc/1/limits';
    const { first, second } = await tried.inBoth({ rlimits: RLIMITS }, line);
    expect(first).toMatch(/^60\n80\n/);
    expect(first.match(/Max open files +60 +80/g)).toHaveLength(2);
    expect(first.match(/Max file size +4096 +4096/g)).toHaveLength(2);
    expect(first.match(/Max processes +50 +50/g)).toHaveLength(2);
    expect(second).toBe(first);
  });

  it('cannot be raised by root inside, even with all capabilities', async () => {
    const line = 'ulimit -n 100 2>&1 || true; head -c 5000 /dev/zero >/tmp/big; wc -c </tmp/big';
    const { first, second } = await tried.inBoth({ extends: 'learn', rlimits: RLIMITS }, line);
    expect(first).toMatch(/(not permitted|Illegal number|error setting limit)[^]*\n4096$/i);
    expect(second).toBe(first);
  });

  it.skipIf(findProgram('busybox') === undefined)('hold in a foreign root (needs busybox-static)', async () => {
    const rootfs = busyboxTree(`${tried.caller.workspace}/tree`, ['sh', 'cat']);
    const { first, second } = await tried.inBoth({ rlimits: RLIMITS }, 'ulimit -n', ['--rootfs', rootfs]);
    expect([first, second]).toEqual(['60', '60']);
  });

  it('are refused where they are above those of the caller', async () => {
    const { exitCode, stderr } = await tried.run({ rlimits: { nofile: 2 ** 40 } }, 'true');
    expect(exitCode).toBe(125);
    expect(stderr).toMatch(/"nofile" of "rlimits" is 1099511627776:1099511627776, but your own hard limit is \d+/);
  });
});

describe('limits of each process', () => {
  it('are written and read', () => {
    expect(rlimitFacts({ nproc: { soft: 1, hard: undefined }, as: { soft: 5, hard: 6 } })).toEqual([
      [9, '5', '6'],
      [6, '1', 'unlimited'],
    ]);
    expect(parseHardLimits('AS unlimited\nNOFILE    4096')).toEqual(
      new Map([
        ['as', Infinity],
        ['nofile', 4096],
      ]),
    );
  });
});
