import { execa } from 'execa';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Sandbox } from '../../src/model/sandbox.ts';
import { patience } from './pace.ts';

/** A uid without a line in /etc/passwd or /etc/subuid: the least that a caller can be. */
export const USER = 47_000;
export const isRoot = process.getuid?.() === 0;

export const CLI = resolve('dist/cli.cjs');

/** Someone who uses the command `unshared`, with a home, a runtime folder and a workspace of their own. */
export interface Caller {
  readonly name: string;
  readonly uid: number;
  readonly home: string;
  readonly workspace: string;
  /** Where the sandboxes of this caller have their folders. */
  readonly runtime: string;
  /** Folders that were there before: root has one place for all sandboxes of the machine. */
  readonly before: readonly string[];
  /** Runs `unshared` in the workspace. */
  unshared(args: readonly string[], options?: RunOptions): Promise<Finished>;
  /** The words of a command line that runs a program as this caller. */
  asCaller(command: readonly string[]): readonly string[];
  readonly env: Readonly<Record<string, string>>;
  remove(): void;
}

export interface RunOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeout?: number;
}

export interface Finished {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** The callers that this process can be: as root also an ordinary user, and otherwise only oneself. */
export const CALLERS = isRoot ? (['root', 'user'] as const) : (['user'] as const);

/** Of the same kinds, and, where the tests can make one, a user with subordinate ids. */
export const ALL_CALLERS = isRoot ? (['root', 'user', 'ranges'] as const) : (['user'] as const);

/** A user with a line in /etc/passwd and ranges in /etc/subuid and /etc/subgid, as they are for this caller alone. */
export const RANGER = 47_100;
export const FIRST_SUBORDINATE = 700_000;

/** Makes a caller with empty folders; `remove` takes them away again. */
export function makeCaller(name: 'root' | 'user' | 'ranges'): Caller {
  const uid = name === 'root' ? 0 : name === 'ranges' ? RANGER : isRoot ? USER : (process.getuid?.() ?? 0);
  const base = mkdtempSync(join(tmpdir(), 'unshared-test-'));
  const [home, runtime, workspace] = ['home', 'runtime', 'workspace'].map((part) => join(base, part)) as [
    string,
    string,
    string,
  ];
  for (const folder of [base, home, runtime, workspace]) {
    mkdirSync(folder, { recursive: true });
    chmodSync(folder, folder === runtime ? 0o700 : 0o755);
    if (isRoot) chownSync(folder, uid, uid);
  }
  const env = {
    HOME: home,
    PATH: process.env.PATH ?? '',
    XDG_RUNTIME_DIR: runtime,
    TERM: 'xterm-256color',
    SECRET_TOKEN: 'do not pass this on',
  };
  const drop =
    uid === process.getuid?.() ? [] : ['setpriv', '--reuid', `${uid}`, '--regid', `${uid}`, '--clear-groups', '--'];
  const wrap = name === 'ranges' ? withRanges(base, home) : [];
  const asCaller = (command: readonly string[]): readonly string[] => [...wrap, ...drop, ...command];
  const sandboxes = uid === 0 ? '/run/namespace-sandboxes-root' : join(runtime, 'namespace-sandboxes');
  return {
    name,
    uid,
    home,
    workspace,
    runtime: sandboxes,
    before: foldersIn(sandboxes),
    env,
    asCaller,
    unshared: async (args, { input = '', env: more = {}, timeout = patience(30_000) } = {}) => {
      const [file = '', ...words] = asCaller([process.execPath, CLI, ...args]);
      const { exitCode, stdout, stderr } = await execa(file, words, {
        cwd: workspace,
        env: { ...env, ...more },
        extendEnv: false,
        reject: false,
        input,
        timeout,
      });
      return { exitCode, stdout, stderr };
    },
    remove: () => rmSync(base, { recursive: true, force: true }),
  };
}

/** Words that run a command with files of /etc in which the ranger stands, in a mount namespace of its own. */
function withRanges(base: string, home: string): readonly string[] {
  const files = {
    passwd: `${readFileSync('/etc/passwd', 'utf8')}ranger:x:${RANGER}:${RANGER}::${home}:/bin/sh\n`,
    subuid: `ranger:${FIRST_SUBORDINATE}:65536\n`,
    subgid: `ranger:${FIRST_SUBORDINATE}:65536\n`,
  };
  const binds = Object.entries(files).map(([file, text]) => {
    writeFileSync(join(base, file), text);
    return `touch /etc/${file} && mount --bind ${join(base, file)} /etc/${file}`;
  });
  const line = `${binds.join(' && ')} && exec "$@"`;
  return ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', line, 'sh'];
}

/** Starts the program itself, as the caller and without input, so that a signal to it goes to nothing else. */
export function begun(caller: Caller, args: readonly string[], nodeOptions: readonly string[] = []) {
  const [file = '', ...words] = caller.asCaller([process.execPath, ...nodeOptions, CLI, ...args]);
  const { workspace: cwd, env } = caller;
  return execa(file, words, { cwd, env, extendEnv: false, reject: false, stdin: 'ignore' });
}

/** The running sandboxes of a caller, but for those that ran before. */
export async function running(caller: Caller): Promise<readonly Sandbox[]> {
  const { stdout } = await caller.unshared(['list', '--json']);
  return (JSON.parse(stdout) as Sandbox[]).filter(({ id }) => !caller.before.includes(id));
}

/** Folders of sandboxes that are there, also of those that have ended, but not of those that ran before. */
export function sandboxFolders({ runtime, before }: Caller): readonly string[] {
  return foldersIn(runtime).filter((id) => !before.includes(id));
}

function foldersIn(runtime: string): readonly string[] {
  try {
    return readdirSync(runtime).filter((name) => !name.startsWith('.'));
  } catch {
    return [];
  }
}

/** Runs a line of sh as the caller, in the workspace, outside of any sandbox. Returns what it said. */
export async function outside(caller: Caller, line: string, input = ''): Promise<string> {
  const [file = '', ...args] = caller.asCaller(['sh', '-c', line]);
  const { workspace: cwd, env } = caller;
  const { stdout } = await execa(file, args, { cwd, env, extendEnv: false, input });
  return stdout;
}

/** Gives the caller's workspace these profiles. */
export async function writeProfiles(caller: Caller, profiles: object): Promise<void> {
  await outside(caller, 'mkdir -p .vscode && cat >.vscode/sandboxes.json', JSON.stringify({ profiles }));
}
