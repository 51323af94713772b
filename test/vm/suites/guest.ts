import { execa } from 'execa';
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import type { Sandbox } from '../../../src/model/sandbox.ts';
import type { SandboxRecord } from '../../../src/state/records.ts';

/** These tests start services and change settings of the kernel: anywhere but in the machine they only say their titles. */
const skip = process.env.IN_MACHINE === undefined && (process.env.WHY_NOT ?? 'not in the virtual machine');

/** `lacking` is what a test needs and this machine does not have. */
export function it(title: string, work: () => void | Promise<void>, lacking?: string): void {
  test(title, { skip: skip === false ? (lacking ?? false) : skip, timeout: 120_000 }, work);
}

/** Before and after the tests of a group. */
export function around(start: () => unknown, end: () => unknown): void {
  if (skip !== false) return;
  before(async () => {
    await start();
  });
  after(async () => {
    await end();
  });
}

const NODE = '/srv/share/node';
const CLI = '/srv/share/dist/cli.cjs';
const PATH = 'PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin';
export const WORKSPACE = '/srv/workspace';

/** Someone who uses the command `unshared` in the machine. */
export interface Caller {
  readonly uid: number;
  /** Where the sandboxes of this caller have their folders. */
  readonly runtime: string;
  /** The words that run a command as this caller. */
  as(command: readonly string[]): readonly [string, ...string[]];
}

export interface Finished {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Root itself. */
export const root: Caller = {
  uid: 0,
  runtime: '/run/namespace-sandboxes-root',
  as: (command) => ['env', '-i', 'HOME=/root', PATH, ...command],
};

/** A user whose systemd manager runs, as after a login. */
export const tester: Caller = user(1000, '/home/tester', '/run/user/1000');

/** The same user where nothing tells of that manager: as with su(1). Polkit grants pkexec(1). */
export const testerAlone: Caller = user(1000, '/home/tester', undefined);

/** A user without a manager and without subordinate ids, to whom polkit refuses pkexec(1). */
export const stranger: Caller = user(1001, '/home/stranger', undefined);

function user(uid: number, home: string, runtime: string | undefined): Caller {
  const drop = ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--init-groups', '--'] as const;
  const env = ['env', '-i', `HOME=${home}`, PATH, ...(runtime === undefined ? [] : [`XDG_RUNTIME_DIR=${runtime}`])];
  return {
    uid,
    runtime: runtime === undefined ? `/tmp/namespace-sandboxes-${uid}` : `${runtime}/namespace-sandboxes`,
    as: (command) => [...drop, ...env, ...command],
  };
}

/** A caller with one variable more. */
export function withEnv(caller: Caller, name: string, value: string): Caller {
  return { ...caller, as: (command) => caller.as(['env', `${name}=${value}`, ...command]) };
}

/** A caller all of whose processes start in this cgroup. */
export function startedIn(cgroup: string, caller: Caller): Caller {
  const move = ['sh', '-c', 'echo 0 >"$0/cgroup.procs"; exec "$@"', cgroup] as const;
  return { ...caller, as: (command) => [...move, ...caller.as(command)] };
}

/** Runs `unshared` to its end. */
export async function unshared(caller: Caller, ...args: readonly string[]): Promise<Finished> {
  return run(unsharedWords(caller, args));
}

/** The one sandbox of a caller that runs. */
export async function listed(caller: Caller): Promise<Sandbox> {
  const { stdout, stderr } = await unshared(caller, 'list', '--json');
  const [sandbox] = JSON.parse(stdout || '[]') as Sandbox[];
  return sandbox ?? assert.fail(`no sandbox runs: ${stderr}`);
}

/** The same, as its record says, or another by its id: another start of Node would take two seconds here. */
export function recorded(caller: Caller, other?: string): Sandbox {
  const id = other ?? sandboxFolders(caller)[0] ?? assert.fail('no sandbox runs');
  const record = JSON.parse(readFileSync(`${caller.runtime}/${id}/sandbox.json`, 'utf8')) as SandboxRecord;
  return record.sandbox ?? assert.fail('it is not running yet');
}

/** Ids of the sandboxes that have a folder; what they stand on stays for the next, under a hidden name. */
export function sandboxFolders({ runtime }: Caller): readonly string[] {
  return existsSync(runtime) ? readdirSync(runtime).filter((name) => !name.startsWith('.')) : [];
}

export function unsharedWords(caller: Caller, args: readonly string[]): readonly [string, ...string[]] {
  return caller.as([NODE, CLI, ...args]);
}

/** Runs a command to its end, in the workspace. */
export async function run([file, ...args]: readonly [string, ...string[]]): Promise<Finished> {
  const { exitCode, stdout, stderr } = await execa(file, args, { cwd: WORKSPACE, reject: false, stdin: 'ignore' });
  return { exitCode, stdout, stderr };
}
