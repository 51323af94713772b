import { execa } from 'execa';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { runGated } from '../../src/sandbox/gates.ts';

describe('runGated', () => {
  it('says what to do where the kernel gives no pipe', async () => {
    const limit = `prlimit --pid ${process.pid} --nofile`;
    const line = `soft=$(${limit} --output=SOFT --noheadings); ${limit}=3:; echo limited; read -r _; ${limit}=$soft:`;
    const limiter = execa('sh', ['-c', line]);
    await once(limiter.stdout, 'data');
    try {
      expect(() => runGated('/dev/null')).toThrow(/ulimit -n/);
    } finally {
      limiter.stdin.end('\n');
      await limiter;
    }
    const script = runGated('/dev/null');
    await script.ended;
  });
});
