import { execa } from 'execa';
import { once } from 'node:events';
import { existsSync, linkSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findProgram } from '../../../src/host/programs.ts';
import { busyboxTree } from '../../support/busybox.ts';
import { compile, hasCompiler } from '../../support/compile.ts';
import { repeated } from '../../support/pace.ts';
import { ALL_CALLERS, makeCaller, outside, writeProfiles, type Caller, type Finished } from '../../support/unshared.ts';

/**
 * A sandbox writes to a folder, and a later start mounts something in it. A link that stands there by then leads out of what
 * is shown: the mount would hide, replace or make something of this machine, in sight of programs that are not confined yet.
 */
interface Settings {
  readonly mounts?: readonly object[];
  readonly [key: string]: unknown;
}

/** Kept homes are named after profiles; those of root lie together, and this one takes its own away. */
const PREFIX = `links-${process.pid}-`;
const HOMES_OF_ROOT = '/var/lib/namespace-sandboxes/state/homes';

/** What a start might run, by its name alone, once it has mounted what the profile says. */
const RUN_BY_STARTS = ['cat', 'umount', 'unshare', 'setpriv', 'perl', 'sh', 'mount', 'mkdir', 'mkfifo', 'cp', 'chown'];

/** A caller whose sandboxes are hostile. */
interface Attacked {
  readonly caller: Caller;
  /** A folder of the caller that no profile shows. */
  readonly victim: string;
  /** What is in that folder: nobody should change it. */
  readonly listing: () => Promise<string>;
  /** What has run outside of any sandbox. */
  readonly ran: () => string;
}

/** In the workspace `evil` holds programs by the names of others, which say that they ran; `shared` is to be written to. */
async function attacked(name: (typeof ALL_CALLERS)[number]): Promise<Attacked> {
  const caller = makeCaller(name);
  const victim = join(caller.home, 'victim');
  const proof = join(caller.home, 'proof');
  const evil = join(caller.workspace, 'evil');
  // root's sandboxes run as others
  await outside(caller, 'mkdir evil shared ../home/victim ../home/victim/folder; echo mine >../home/victim/file');
  await outside(
    caller,
    'chmod 777 . shared ../home ../home/victim ../home/victim/folder; chmod 666 ../home/victim/file',
  );
  await compile('sandbox/attacks/leave-proof.c', join(evil, 'cat'), { defined: { PROOF: proof } });
  for (const program of RUN_BY_STARTS.slice(1)) linkSync(join(evil, 'cat'), join(evil, program));
  return {
    caller,
    victim,
    listing: () => outside(caller, 'find ../home/victim -printf "%p %y %m %s %i\\n" | sort'),
    ran: () => (existsSync(proof) ? readFileSync(proof, 'utf8') : ''),
  };
}

function remove({ caller }: Attacked): void {
  caller.remove();
  if (caller.uid !== 0 || !existsSync(HOMES_OF_ROOT)) return;
  for (const home of readdirSync(HOMES_OF_ROOT).filter((one) => one.startsWith(PREFIX)))
    rmSync(join(HOMES_OF_ROOT, home), { recursive: true });
}

/** Runs a line of sh in a sandbox of these settings. Its kept home is that of `profile`, whatever the settings are. */
async function run(caller: Caller, profile: string, settings: Settings, line: string): Promise<Finished> {
  const name = PREFIX + profile;
  await writeProfiles(caller, { [name]: { extends: 'throwaway', ...settings } });
  return caller.unshared(['run', '--profile', name, '--', 'sh', '-c', line]);
}

/** What has become of a start that a link at `path` should have kept from starting. */
function outcome({ exitCode, stderr, stdout }: Finished, path: string): string {
  const said = stderr.split('\n').filter((one) => !one.includes('Runs without'));
  const isRefused = exitCode === 125 && stderr.includes(path) && stderr.includes('it is a symbolic link');
  return isRefused ? 'refused' : [`exit ${exitCode}`, stdout, ...said].join(' ').trim();
}

describe.skipIf(!hasCompiler).each(ALL_CALLERS)(
  'a link that leads the mounts of %s to programs (needs gcc)',
  (name) => {
    let all: Attacked;
    beforeEach(async () => {
      all = await attacked(name);
    });
    afterEach(() => remove(all));

    const SHARED = { bind: 'shared', to: '/x' };
    const LATER = { bind: 'evil', to: '/x/build/cache' };
    const IN_SHARED = 'cd /x; mv build old; mkdir build; ln -s /usr/bin build/cache';
    const rows: readonly (readonly [string, Settings, string, string])[] = [
      [
        'a folder in a kept home',
        { home: 'kept', mounts: [{ bind: 'evil', to: '/root/.cache/pip' }] },
        'mv ~/.cache ~/.old; mkdir ~/.cache; ln -s /usr/bin ~/.cache/pip',
        '/root/.cache/pip',
      ],
      ['a folder in a writable bind', { mounts: [SHARED, LATER] }, IN_SHARED, '/x/build/cache'],
      [
        'a folder in a writable bind, with every capability',
        { extends: 'learn', mounts: [SHARED, LATER] },
        IN_SHARED,
        '/x/build/cache',
      ],
    ];
    const rowsOfOne: typeof rows = [
      [
        'a read-only folder in a writable bind',
        { mounts: [SHARED, { ...LATER, readOnly: true }] },
        IN_SHARED,
        '/x/build/cache',
      ],
      [
        'an overlay in a writable bind',
        { mounts: [SHARED, { overlay: 'evil', to: '/x/build/cache' }] },
        IN_SHARED,
        '/x/build/cache',
      ],
      [
        'an overlay in an overlay, whose lower folder is written to by way of a bind',
        { mounts: [SHARED, { overlay: 'shared', to: '/o' }, { overlay: 'evil', to: '/o/there/cache' }] },
        'mv /x/there /x/old; mkdir /x/there; ln -s /usr/bin /x/there/cache',
        '/o/there/cache',
      ],
      [
        'a folder in a writable bind, on the way to which there is a link',
        { mounts: [SHARED, { bind: 'evil', to: '/x/up/usr/bin' }] },
        'mv /x/up /x/old; ln -s / /x/up',
        '/x/up',
      ],
      [
        'a folder in a kept home at one’s own path',
        { home: 'kept', user: 'same', mounts: [{ bind: 'evil', to: '${env:HOME}/.cache/pip' }] },
        'mv ~/.cache ~/.old; mkdir ~/.cache; ln -s /usr/bin ~/.cache/pip',
        '/.cache/pip',
      ],
      [
        'tools in a kept home at one’s own path',
        { home: 'kept', user: 'same', tools: ['~/tools/own'] },
        'mv ~/tools ~/old; mkdir ~/tools; ln -s /usr/bin ~/tools/own',
        '/tools/own',
      ],
      [
        'a folder in a writable workspace',
        { workspace: 'rw', mounts: [{ bind: 'evil', to: '${workspaceFolder}/build/cache' }] },
        'mv build old; mkdir build; ln -s /usr/bin build/cache',
        '/build/cache',
      ],
    ];

    it.each(name === 'user' ? [...rows, ...rowsOfOne] : rows)('runs nothing: %s', async (_, settings, line, path) => {
      const { caller, ran } = all;
      await outside(
        caller,
        'mkdir shared/there shared/there/cache ~/tools; cp -r evil ~/tools/own; chmod 777 shared/there',
      );
      const first = await run(caller, 'p', settings, line);
      expect(first.exitCode, first.stderr).toBe(0);
      const second = await run(caller, 'p', settings, 'echo started');
      expect([outcome(second, path), ran()]).toEqual(['refused', '']);
    });

    it.runIf(name === 'user')('runs nothing: the workspace itself, in a kept home at one’s own path', async () => {
      const { caller, ran } = all;
      const workspace = join(caller.home, 'work/project');
      const name = `${PREFIX}p`;
      const profiles = { [name]: { extends: 'throwaway', home: 'kept', user: 'same' } };
      await outside(caller, 'mkdir ~/work; cp -r evil ~/work/project; mkdir ~/work/project/.vscode');
      await outside(caller, 'cat >~/work/project/.vscode/sandboxes.json', JSON.stringify({ profiles }));
      const start = (line: string): Promise<Finished> =>
        caller.unshared(['run', '--workspace', workspace, '--profile', name, '--', 'sh', '-c', line]);
      const first = await start('mv ~/work ~/old; mkdir ~/work; ln -s /usr/bin ~/work/project');
      expect(first.exitCode, first.stderr).toBe(0);
      expect([outcome(await start('echo started'), '/work/project'), ran()]).toEqual(['refused', '']);
    });

    it.runIf(name === 'user')('runs nothing either where it comes and goes while a sandbox starts', async () => {
      const { caller, ran, listing } = all;
      await compile('sandbox/attacks/swap.c', join(caller.workspace, 'swap'));
      await outside(caller, 'mkdir -p shared/build/cache; ln -s /usr/bin shared/build/other');
      const before = await listing();
      const [file = '', ...words] = caller.asCaller(['./swap', 'shared/build/cache', 'shared/build/other']);
      const swapping = execa(file, words, { cwd: caller.workspace, reject: false, stdin: 'pipe' });
      try {
        await once(swapping.stdout, 'data');
        const outcomes = new Set<string>();
        for (let turn = 0; turn < repeated(20); turn++) {
          const { exitCode, stderr } = await run(caller, 'p', { mounts: [SHARED, LATER] }, 'echo started');
          outcomes.add(exitCode === 0 ? 'started' : `${exitCode} ${/symbolic link/.test(stderr) ? 'refused' : stderr}`);
        }
        expect([ran(), await listing()]).toEqual(['', before]);
        expect([...outcomes].filter((one) => one !== 'started' && one !== '125 refused')).toEqual([]);
      } finally {
        swapping.stdin.end();
        await swapping;
      }
    });
  },
);

/** Links that a sandbox leaves in a folder of its own: where each stands there, and where something is mounted later. */
const LINKS = {
  'to a folder': { plant: (victim: string) => `ln -s ${victim}/folder 1`, at: '1', target: '1' },
  'to nothing': { plant: (victim: string) => `ln -s ${victim}/new 2`, at: '2', target: '2' },
  'to a file': { plant: (victim: string) => `ln -s ${victim}/file 3`, at: '3', target: '3' },
  'to itself': { plant: () => 'ln -s 5 4; ln -s 4 5', at: '4', target: '4' },
  'on the way': { plant: (victim: string) => `ln -s ${victim} 6`, at: '6', target: '6/made' },
  'far above': { plant: (victim: string) => `ln -s ${victim} 7`, at: '7', target: '7/folder/made/too' },
} as const;
type Link = keyof typeof LINKS;
const ALL_LINKS = Object.keys(LINKS) as readonly Link[];
const TWO_LINKS: readonly Link[] = ['to a folder', 'on the way'];

/** What a profile mounts at a path. */
const LANDINGS = {
  'a folder': (to: string) => ({ mounts: [{ bind: 'evil', to }] }),
  'a read-only folder': (to: string) => ({ mounts: [{ bind: 'evil', to, readOnly: true }] }),
  'a file': (to: string) => ({ mounts: [{ bind: 'evil/cat', to }] }),
  'an overlay': (to: string) => ({ mounts: [{ overlay: 'evil', to }] }),
  'a tmpfs': (to: string) => ({ mounts: [{ tmpfs: to }] }),
  'a mask': (to: string) => ({ mounts: [{ mask: to }] }),
  'a masked path': (to: string) => ({ maskedPaths: [to] }),
  'a read-only path': (to: string) => ({ readOnlyPaths: [to] }),
} satisfies Readonly<Record<string, (to: string) => Settings>>;
type Landing = keyof typeof LANDINGS;
const ALL_LANDINGS = Object.keys(LANDINGS) as readonly Landing[];
const FEW_LANDINGS: readonly Landing[] = ['a folder', 'a file', 'an overlay', 'a tmpfs'];
const MORE_LANDINGS: readonly Landing[] = [...FEW_LANDINGS, 'a mask', 'a read-only path'];

/** What a sandbox can write to, and something is mounted in later. */
interface Tree {
  readonly name: string;
  readonly callers: readonly (typeof ALL_CALLERS)[number][];
  /** The profile that shows it. */
  readonly shown: Settings;
  /** Where it is inside. */
  readonly at: string | ((caller: Caller) => string);
  /** The same for the sandbox that writes to it, where that has another profile. */
  readonly written?: { readonly by: Settings; readonly at: string };
  /** How a link is followed does not depend on the tree: in one of them all are tried. */
  readonly links: readonly Link[];
  readonly landings: readonly Landing[];
}

const SHARED_AT_X = { by: { mounts: [{ bind: 'shared', to: '/x' }] }, at: '/x' };
const TREES: readonly Tree[] = [
  {
    ...{ name: 'a writable bind', callers: ['user'], links: ALL_LINKS, landings: ALL_LANDINGS },
    ...{ shown: SHARED_AT_X.by, at: SHARED_AT_X.at },
  },
  {
    ...{ name: 'a writable bind', callers: ['root', 'ranges'], links: TWO_LINKS, landings: ['a folder', 'a file'] },
    ...{ shown: SHARED_AT_X.by, at: SHARED_AT_X.at },
  },
  {
    ...{ name: 'a kept home', callers: ['user'], links: TWO_LINKS, landings: MORE_LANDINGS },
    ...{ shown: { home: 'kept' }, at: '/root' },
  },
  {
    ...{ name: 'a kept home', callers: ['root', 'ranges'], links: TWO_LINKS, landings: ['a folder', 'a file'] },
    ...{ shown: { home: 'kept' }, at: '/root' },
  },
  {
    ...{ name: 'a kept home at one’s own path', callers: ['user', 'ranges'], links: TWO_LINKS, landings: FEW_LANDINGS },
    ...{ shown: { home: 'kept', user: 'same' }, at: ({ home }) => home },
  },
  {
    ...{ name: 'a writable workspace', callers: ['user'], links: TWO_LINKS, landings: MORE_LANDINGS },
    ...{ shown: { workspace: 'rw' }, at: ({ workspace }) => workspace },
  },
  {
    ...{ name: 'an overlay', callers: ['user'], links: TWO_LINKS },
    ...{ landings: ['a file', 'an overlay', 'a mask', 'a read-only path'] },
    ...{ shown: { mounts: [{ overlay: 'shared', to: '/o' }] }, at: '/o', written: SHARED_AT_X },
  },
  {
    ...{ name: 'a writable bind, with every capability,', callers: ['user', 'root'], links: TWO_LINKS },
    ...{ landings: FEW_LANDINGS, shown: { extends: 'learn', ...SHARED_AT_X.by }, at: '/x' },
  },
  {
    ...{ name: 'another root file system', callers: ['user'], links: TWO_LINKS, landings: MORE_LANDINGS },
    ...{ shown: { rootfs: 'tree' }, at: '/', written: { by: { mounts: [{ bind: 'tree', to: '/x' }] }, at: '/x' } },
  },
  {
    ...{ name: 'a kept home in another root file system', callers: ['user'], links: TWO_LINKS, landings: FEW_LANDINGS },
    ...{ shown: { rootfs: 'tree', home: 'kept' }, at: '/root' },
  },
];

const hasBusybox = findProgram('busybox') !== undefined;
const CASES = TREES.flatMap((tree) =>
  tree.callers
    .filter((caller) => (ALL_CALLERS as readonly string[]).includes(caller))
    .map((caller) => [tree.name, caller, tree] as const),
);

describe.skipIf(!hasCompiler || !hasBusybox).each(CASES)(
  'where a sandbox has left links in %s of %s (needs gcc and busybox-static)',
  (_, name, { shown, at, written, links, landings }) => {
    let all: Attacked;
    let around: string;
    let before: string;
    beforeAll(async () => {
      all = await attacked(name);
      const { caller, victim, listing } = all;
      await outside(caller, 'mkdir .git; mkdir -m 777 tree');
      busyboxTree(join(caller.workspace, 'tree'), ['sh', 'ln']);
      around = typeof at === 'string' ? at : at(caller);
      before = await listing();
      const planted = links.map((link) => LINKS[link].plant(victim)).join('; ');
      const line = `cd ${written?.at ?? around} && ${planted}`;
      const { exitCode, stderr } = await run(caller, 'p', written?.by ?? shown, line);
      expect(exitCode, stderr).toBe(0);
    });
    afterAll(() => remove(all));

    it.each(landings)('nothing is made there, and nothing mounted: %s', async (landing) => {
      const { caller, listing } = all;
      const seen: Partial<Record<Link, readonly [string, string]>> = {};
      for (const link of links) {
        const { at: standing, target } = LINKS[link];
        const lands: Settings = LANDINGS[landing](join(around, target));
        const mounts = [...(shown.mounts ?? []), ...(lands.mounts ?? [])];
        const finished = await run(caller, 'p', { ...shown, ...lands, mounts }, 'echo started');
        seen[link] = [outcome(finished, join(around, standing)), await changed(listing)];
      }
      expect(seen).toEqual(Object.fromEntries(links.map((link) => [link, ['refused', '']])));
    });

    /** What has come to be in the folder that nobody should change; it is taken away again. */
    async function changed(listing: () => Promise<string>): Promise<string> {
      const lines = (await listing()).split('\n').filter((line) => !before.split('\n').includes(line));
      await outside(all.caller, 'cd ~/victim; rm -rf new made folder/*');
      return lines.join('\n');
    }
  },
);
