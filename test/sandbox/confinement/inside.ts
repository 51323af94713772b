import { execa } from 'execa';
import { afterAll, beforeAll, expect } from 'vitest';
import { makeCaller, running, type Caller, type Finished } from '../../support/unshared.ts';

/** What a profile gives inside, seen from the first terminal and from one that joins later. */
export interface Tried {
  readonly first: string;
  readonly second: string;
}

export interface Tryout {
  readonly caller: Caller;
  /** Runs a line of sh in a sandbox of this profile. */
  readonly run: (settings: object, line: string, more?: readonly string[]) => Promise<Finished>;
  /** Runs it in a fresh sandbox, and again as a second terminal of one that stays. */
  readonly inBoth: (settings: object, line: string, more?: readonly string[]) => Promise<Tried>;
}

/** Registers a caller for the tests of a `describe`. */
export function tryout(name: 'root' | 'user'): Tryout {
  let caller: Caller;
  beforeAll(() => {
    caller = makeCaller(name);
  });
  afterAll(async () => {
    await caller.unshared(['stop', ...(await running(caller)).map(({ id }) => id)]);
    caller.remove();
  });

  async function write(settings: object): Promise<void> {
    const [file = '', ...args] = caller.asCaller(['sh', '-c', 'mkdir -p .vscode && cat >.vscode/sandboxes.json']);
    const profiles = { tried: { workspace: 'none', ...settings } };
    await execa(file, args, { cwd: caller.workspace, input: JSON.stringify({ profiles }) });
  }

  async function run(settings: object, line: string, more: readonly string[] = []): Promise<Finished> {
    await write(settings);
    return caller.unshared(['run', '--profile', 'tried', ...more, '--', 'sh', '-c', line]);
  }

  async function enterAnother(settings: object, line: string, more: readonly string[]): Promise<Finished> {
    await write({ ...settings, lifetime: 'untilStopped' });
    const started = await caller.unshared(['run', '--profile', 'tried', ...more, '--', 'sh', '-c', ':']);
    expect(started.exitCode, started.stderr).toBe(0);
    const [sandbox] = await running(caller);
    const entered = await caller.unshared(['enter', sandbox?.id ?? '', '--', 'sh', '-c', line]);
    await caller.unshared(['stop', sandbox?.id ?? '']);
    return entered;
  }

  return {
    get caller() {
      return caller;
    },
    run,
    inBoth: async (settings, line, more = []) => {
      const first = await run(settings, line, more);
      expect(first.exitCode, first.stderr).toBe(0);
      const second = await enterAnother(settings, line, more);
      expect(second.exitCode, second.stderr).toBe(0);
      return { first: first.stdout, second: second.stdout };
    },
  };
}
