import { execa } from 'execa';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { joinCommand } from '../../../src/sandbox/join.ts';
import { compile, hasCompiler } from '../../support/compile.ts';
import { own, ownSandbox } from '../../support/own-sandboxes.ts';
import { patience, repeated } from '../../support/pace.ts';
import { ALL_CALLERS, CLI, makeCaller, writeProfiles, type Caller } from '../../support/unshared.ts';

/** How often the sandbox is entered: ten thousand show what a few hundred might not. */
const JOINS = Number(process.env.TEST_JOINS ?? repeated(200));

/** Milliseconds. */
const LONGEST = patience(30_000 + JOINS * 200);

const ROWS: readonly (readonly [(typeof ALL_CALLERS)[number], string, object])[] = [
  ['user', 'root inside', {}],
  ['user', 'the caller’s own id', { user: 'same' }],
  ['user', 'every capability', { extends: 'learn' }],
  ['ranges', 'root inside', {}],
  ['ranges', 'the caller’s own id', { user: 'same' }],
  ['root', 'root inside', {}],
  ['root', 'every capability', { extends: 'learn' }],
];

/**
 * Who comes in has every capability at first, descriptors of its own, and no filter of system calls. What is inside already
 * waits for that, and tries to get hold of it: it would do what the filter refuses, or be outside.
 */
describe.skipIf(!hasCompiler).each(ROWS.filter(([name]) => (ALL_CALLERS as readonly string[]).includes(name)))(
  'who enters a sandbox of %s with %s (needs gcc)',
  (name, _, settings) => {
    let caller: Caller;
    beforeAll(async () => {
      caller = makeCaller(name);
      await compile('sandbox/attacks/wait-for-joiners.c', join(caller.workspace, 'wait-for-joiners'));
      await writeProfiles(caller, {
        [own('waits')]: { extends: 'throwaway', mounts: [{ bind: 'wait-for-joiners', to: '/w' }], ...settings },
      });
    });
    afterAll(() => caller.remove());

    it(
      'cannot be got hold of from inside before it is confined',
      async () => {
        const hostile = started(['run', '--profile', own('waits'), '--', '/w', 'true', 'perl']);
        try {
          await once(hostile.stdout, 'data');
          expect(await enter(JOINS)).toEqual([]);
        } finally {
          hostile.stdin.end();
        }
        const { stdout, stderr } = await hostile;
        expect(Number(/^seen (\d+)$/m.exec(stdout)?.[1]), stderr).toBeGreaterThan(JOINS / 2);
        expect(waysOf(stdout)).toEqual({});
      },
      2 * LONGEST,
    );

    function started(args: readonly string[]) {
      const [file = '', ...words] = caller.asCaller([process.execPath, CLI, ...args]);
      const { workspace: cwd, env } = caller;
      return execa(file, words, { cwd, env, extendEnv: false, reject: false, stdin: 'pipe', timeout: LONGEST });
    }

    /** Enters it as often, as the command line does with pipes, and returns what went wrong. */
    async function enter(times: number): Promise<readonly string[]> {
      const { file, args, env } = joinCommand(await ownSandbox(caller, 'waits'), ['true']);
      const loop = 'i=0; while [ "$i" -lt "$0" ]; do "$@" </dev/null || echo "failed: $?"; i=$((i + 1)); done';
      const [shell = '', ...words] = caller.asCaller(['sh', '-c', loop, String(times), file, ...args]);
      const all = { ...env, PATH: caller.env.PATH ?? '' };
      const options = { env: all, extendEnv: false, reject: false, all: true, timeout: LONGEST } as const;
      const { all: said, timedOut } = await execa(shell, words, options);
      return [...said.split('\n').filter((line) => line !== ''), ...(timedOut ? ['it did not come to an end'] : [])];
    }
  },
);

/** How many were got hold of in each way, by their name and the filter that they had. */
function waysOf(said: string): Readonly<Record<string, number>> {
  const ways = said.split('\n').flatMap((line) => /^got \d+ (.*)$/.exec(line)?.[1] ?? []);
  return Object.fromEntries([...new Set(ways)].map((way) => [way, ways.filter((one) => one === way).length]));
}
