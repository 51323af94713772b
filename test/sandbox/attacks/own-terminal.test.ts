import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync, statSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { joinCommand } from '../../../src/sandbox/join.ts';
import { compile, hasCompiler } from '../../support/compile.ts';
import { onTerminalWords } from '../../support/on-terminal.ts';
import { own, ownSandbox, ownSandboxes, stopOwn } from '../../support/own-sandboxes.ts';
import { CALLERS, CLI, isRoot, makeCaller, writeProfiles, type Caller } from '../../support/unshared.ts';
import { until } from '../../support/until.ts';

const ROWS = CALLERS.flatMap((name) => [[name, 'throwaway'] as const, [name, 'learn'] as const]);
/** What runs inside on the terminal, until a line is typed. */
const LOOK = ['sh', '-c', '/find-terminals; echo looked; read -r _; echo ended'];

/** A terminal that is held by something inside can be read by whatever else is inside, and written to. */
describe.skipIf(!hasCompiler).each(ROWS)(
  'the terminal from which %s enters a sandbox, profile %s (needs gcc)',
  (name, profile) => {
    let caller: Caller;
    let terminal: ChildProcessWithoutNullStreams | undefined;
    beforeEach(async () => {
      caller = makeCaller(name);
      await compile('sandbox/attacks/find-terminals.c', join(caller.workspace, 'find-terminals'));
      const looks = { extends: profile, mounts: [{ bind: 'find-terminals', to: '/find-terminals' }] };
      await writeProfiles(caller, { [own('looks')]: looks, [own('stays')]: { ...looks, lifetime: 'untilStopped' } });
    });
    afterEach(async () => {
      terminal?.kill('SIGHUP');
      await stopOwn(caller, 'looks', 'stays');
      caller.remove();
    });

    it.each([
      ['run', () => Promise.resolve([process.execPath, CLI, 'run', '--profile', own('looks'), '--', ...LOOK])],
      ['enter', async () => [process.execPath, CLI, 'enter', await stays(), '--', ...LOOK]],
      ['the join script', joinWords],
    ])('is held by nothing inside: %s', async (_, words) => {
      const said = onTerminal(await words());
      await until('it to have looked', () => said().includes('looked'));
      const outside = isRoot ? await heldInside() : [];
      terminal?.stdin.write('\n');
      await until('its end', () => /^ended$/m.exec(said()));
      expect(said()).toMatch(/^own: [1-9]/m);
      expect({ inside: said().match(/^foreign: .*$/gm) ?? [], outside }).toEqual({ inside: [], outside: [] });
    });

    /** Starts a program on a terminal of its own. @returns what it has printed until then */
    function onTerminal(words: readonly string[]): () => string {
      const [file = '', ...args] = caller.asCaller(onTerminalWords(words));
      const child = spawn(file, args, { cwd: caller.workspace, env: caller.env });
      terminal = child;
      let said = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (said += text.toString()));
      return () => said.replaceAll('\r', '');
    }

    async function stays(): Promise<string> {
      await caller.unshared(['run', '--profile', own('stays'), '--', 'true']);
      return (await ownSandbox(caller, 'stays')).id;
    }

    /** As a window of VS Code opens it: there the terminal is the user's own. */
    async function joinWords(): Promise<readonly string[]> {
      await stays();
      const { file, args } = joinCommand(await ownSandbox(caller, 'stays'), LOOK);
      return [file, ...args];
    }

    /** Terminals but those of the sandbox that processes in its namespaces hold, as they are seen from outside. */
    async function heldInside(): Promise<readonly string[]> {
      const all = await Promise.all(['looks', 'stays'].map((one) => ownSandboxes(caller, one)));
      const [{ pid } = expect.fail('it does not run')] = all.flat();
      const own = statSync(`/proc/${pid}/root/dev/pts`).dev;
      const spaces = ['mnt', 'pid'].map((type) => linkOf(`/proc/${pid}/ns/${type}`));
      const inside = readdirSync('/proc').filter(
        (one) =>
          /^\d+$/.test(one) &&
          ['mnt', 'pid'].some((type, index) => linkOf(`/proc/${one}/ns/${type}`) === spaces[index]),
      );
      expect(inside).toContain(String(pid));
      return inside.flatMap((one) => {
        const foreign = descriptorsOf(one).filter(({ stat }) => isTerminal(stat) && stat.dev !== own);
        return foreign.map(({ path }) => `${readFileSync(`/proc/${one}/comm`, 'utf8').trim()}: ${path}`);
      });
    }
  },
);

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined; // it has ended
  }
}

function descriptorsOf(pid: string): readonly { readonly path: string; readonly stat: Stats }[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((number) => {
      const link = `/proc/${pid}/fd/${number}`;
      return { path: readlinkSync(link), stat: statSync(link) };
    });
  } catch {
    return []; // it has ended
  }
}

/** One of devpts, or its other side (the devices 136 and 5:2). */
function isTerminal(stat: Stats): boolean {
  return stat.isCharacterDevice() && (stat.rdev >> 8 === 136 || stat.rdev === 0x502);
}
