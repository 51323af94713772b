import { execa } from 'execa';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compile, hasCompiler } from '../../support/compile.ts';
import { own, ownSandboxes, stopOwn } from '../../support/own-sandboxes.ts';
import { ALL_CALLERS, CLI, makeCaller, writeProfiles, type Caller } from '../../support/unshared.ts';

const NAME = 'token-of-the-caller';
const SECRET = 'only-the-caller-should-know';

/** Keys of the kernel know no namespace: whoever inherits a session keyring has what is in it, where no filter refuses to ask. */
describe.skipIf(!hasCompiler).each(ALL_CALLERS)('a key in the session keyring of %s (needs gcc)', (name) => {
  let caller: Caller;
  let keys: string;
  beforeAll(async () => {
    caller = makeCaller(name);
    keys = join(caller.workspace, 'keys');
    await compile('sandbox/attacks/keys.c', keys);
    const open = { extends: 'throwaway', seccomp: 'off', mounts: [{ bind: 'keys', to: '/keys' }] };
    await writeProfiles(caller, {
      [own('open')]: open,
      [own('same')]: { ...open, user: 'same' },
      [own('stays')]: { ...open, lifetime: 'untilStopped' },
    });
  });
  afterAll(async () => {
    await stopOwn(caller, 'stays');
    caller.remove();
  });

  /** Runs a program with the key, and returns what it said. */
  async function withKey(words: readonly string[]): Promise<string> {
    const [file = '', ...args] = caller.asCaller([keys, 'with', NAME, SECRET, ...words]);
    const { workspace: cwd, env } = caller;
    const { stdout } = await execa(file, args, { cwd, env, extendEnv: false, reject: false, stdin: 'ignore' });
    return stdout;
  }
  const unshared = (...words: readonly string[]): Promise<string> => withKey([process.execPath, CLI, ...words]);

  it('is one that is found outside', async () => {
    expect(await withKey([keys, 'look', NAME])).toBe(`session keyring: ${SECRET}\nrequest: ${SECRET}\nlooked`);
  });

  it.each(['open', 'same'])('is not found inside by what a sandbox begins with: profile %s', async (profile) => {
    expect(await unshared('run', '--profile', own(profile), '--', '/keys', 'look', NAME)).toBe('looked');
  });

  it('is not found inside by who enters later, in a sandbox that was started with it and without', async () => {
    await caller.unshared(['run', '--profile', own('stays'), '--', 'true']);
    await unshared('run', '--profile', own('stays'), '--', 'true');
    const ids = (await ownSandboxes(caller, 'stays')).map(({ id }) => id);
    expect(ids).toHaveLength(2);
    for (const id of ids) expect(await unshared('enter', id, '--', '/keys', 'look', NAME)).toBe('looked');
  });
});
