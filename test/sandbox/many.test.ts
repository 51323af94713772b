import { execa } from 'execa';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cgroupHierarchies } from '../../src/cgroup/hierarchies.ts';
import { helperSession } from '../../src/elevation/session.ts';
import { loadProfiles, resolveProfile } from '../../src/profile/load.ts';
import { joinCommand } from '../../src/sandbox/join.ts';
import { launchSandbox, type Launched } from '../../src/sandbox/launch.ts';
import { callerFolders } from '../../src/sandbox/caller.ts';
import { patience, repeated } from '../support/pace.ts';
import { until } from '../support/until.ts';

const ROUNDS = repeated(500);
const AT_ONCE = repeated(100);
const WORKERS = 8;

describe('many sandboxes', () => {
  const session = helperSession('dist/helper.cjs', () => undefined);
  let home: string;
  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'unshared-many-'));
    await round(); // what is loaded and opened once is not a leak
  });
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  function launch(): Promise<Launched> {
    const text = JSON.stringify({ profiles: { many: { extends: 'throwaway', workspace: 'none' } } });
    const loaded = loadProfiles([{ file: 'sandboxes.json', text, source: 'user' }]);
    const profile = resolveProfile(loaded, 'many', { workspaceFolder: undefined, env: {}, home });
    return launchSandbox({ profile, workspaceFolder: undefined }, session);
  }

  async function round(): Promise<void> {
    const { release, ended } = await launch();
    release();
    await ended;
  }

  it(`${ROUNDS} times one after the other leave nothing`, { timeout: patience(300_000) }, async () => {
    const before = counts();
    for (let done = 0; done < ROUNDS; done += 1) await round();
    await nothingMore(before, `${ROUNDS} rounds`);
  });

  it(`${AT_ONCE} at once all work, and leave nothing`, { timeout: patience(300_000) }, async () => {
    const before = counts();
    const running: Launched[] = [];
    const worker = async (): Promise<void> => {
      while (running.length < AT_ONCE) running.push(await launch());
    };
    await Promise.all(Array.from({ length: WORKERS }, worker));
    const answers = new Set<string>();
    for (const { sandbox } of running) {
      const { file, args, env } = joinCommand(sandbox, ['readlink', '/proc/self/ns/pid']);
      answers.add((await execa(file, args, { env, extendEnv: false })).stdout);
    }
    expect(answers.size).toBe(running.length);
    console.log(`${running.length} at once: ${JSON.stringify(counts())}`);
    for (const { release } of running) release();
    await Promise.all(running.map(({ ended }) => ended));
    await nothingMore(before, `${AT_ONCE} at once`);
  });
});

type Counts = ReturnType<typeof counts>;

/** The kernel takes namespaces and their links apart a moment after their last process has ended. */
async function nothingMore(before: Counts, what: string): Promise<void> {
  const less = (): Counts | false => {
    const now = counts();
    return Object.entries(now).every(([name, count]) => count <= before[name as keyof Counts]) && now;
  };
  const after = await until(`no more than before ${what}`, less).catch(counts);
  console.log(`before and after ${what}: ${JSON.stringify(before)} ${JSON.stringify(after)}`);
  for (const [name, count] of Object.entries(after))
    expect([name, count]).toEqual([name, expect.toSatisfy((is: number) => is <= before[name as keyof Counts])]);
}

/** What a sandbox could leave, as far as it can be counted. */
function counts() {
  const { runtime, state } = callerFolders();
  return {
    processes: readdirSync('/proc').filter((name) => /^\d+$/.test(name) && commandOf(name).includes('many-')).length,
    mounts: readFileSync('/proc/self/mountinfo', 'utf8').split('\n').length,
    cgroups: cgroupHierarchies().reduce(
      (sum, { mountPoint }) => sum + list(join(mountPoint, 'namespace-sandboxes')),
      0,
    ),
    descriptors: readdirSync('/proc/self/fd').length,
    links: readFileSync('/proc/self/net/dev', 'utf8').split('\n').length,
    sandboxes: list(runtime),
    layers: list(join(state, 'layers')),
  };
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

function list(folder: string): number {
  try {
    return readdirSync(folder).length;
  } catch {
    return 0;
  }
}
