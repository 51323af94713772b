import { execa } from 'execa';
import { mkdtempSync, rmSync } from 'node:fs';
import type { HostFix } from '../../src/model/host.ts';
import { CLI, type Caller } from './unshared.ts';

/** A line of `unshared check --json`. */
export interface CheckedLine {
  readonly id: string;
  readonly status: string;
  readonly needed: boolean;
  readonly code: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly fix?: HostFix & { readonly explain: string };
}

/** What `unshared check` says to a caller whose processes are started by these words. */
export async function check(caller: Caller, around: readonly string[] = []): Promise<ReadonlyMap<string, CheckedLine>> {
  const { stdout, stderr } = await unsharedIn(caller, around, ['check', '--json']);
  if (stdout === '') throw new Error(stderr);
  const { topics } = JSON.parse(stdout) as { topics: { lines: CheckedLine[] }[] };
  return new Map(topics.flatMap(({ lines }) => lines).map((line) => [line.id, line]));
}

/** Runs `unshared` as a caller, between words that make its surroundings. */
export function unsharedIn(caller: Caller, around: readonly string[], args: readonly string[]) {
  const [file = '', ...words] = [...around, ...caller.asCaller([process.execPath, CLI, ...args])];
  return execa(file, words, { cwd: caller.workspace, env: caller.env, extendEnv: false, reject: false, input: '' });
}

/** A mount namespace in which root has changed what the caller sees, until `end`. */
export interface Surroundings {
  /** Words that run a command in it. */
  readonly inside: readonly string[];
  /** Does in it, as root, what a fix says. */
  readonly mend: (fix: HostFix | undefined) => Promise<void>;
  /** May be called again. */
  readonly end: () => Promise<void>;
}

/**
 * Runs `setup` as root in a mount namespace of its own; `$T` is an empty folder that goes with it,
 * outside of /tmp, which is covered while something is tried.
 */
export async function surroundings(setup: string): Promise<Surroundings> {
  const folder = mkdtempSync('/var/tmp/surroundings-');
  const keeper = keep(setup, folder);
  const ready = await Promise.race([new Promise((resolve) => keeper.stdout.once('data', resolve)), keeper]);
  if (!Buffer.isBuffer(ready)) throw new Error(`the surroundings could not be made: ${(await keeper).stderr}`);
  const inside = ['nsenter', `--mount=/proc/${keeper.pid ?? 0}/ns/mnt`, '--'];
  return {
    inside,
    mend: async (fix) => {
      const script = ['set -e', ...(fix?.commands ?? ['exit 1'])].join('\n');
      await execa(inside[0] ?? '', [...inside.slice(1), 'sh', '-c', script]);
    },
    end: async () => {
      keeper.stdin.end();
      await keeper;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function keep(setup: string, folder: string) {
  const script = `set -e; ${setup}\necho ready; read -r _ || :`;
  return execa('unshare', ['--mount', '--propagation', 'private', '--', 'sh', '-c', script], {
    stdin: 'pipe',
    reject: false,
    env: { T: folder },
  });
}

/** Lines of sh that put a script in the place of a program; `$REAL` in it is the program itself. */
export function instead(program: string, script: string): string {
  return [
    `real=$(realpath "$(command -v ${program})"); cp -p "$real" "$T/real-${program}"`,
    scriptAt(`$T/${program}`, `$T/real-${program}`, script),
    `chmod 755 "$T"; mount --bind "$T/${program}" "$real"`,
  ].join('\n');
}

/** The same, found before the program: AppArmor confines whatever stands in the place of some. */
export function before(program: string, script: string): string {
  return [
    'mount -t tmpfs -o mode=755 tmpfs /usr/local/sbin',
    `real=$(realpath "$(command -v ${program})")`,
    scriptAt(`/usr/local/sbin/${program}`, '$real', script),
  ].join('\n');
}

/** Lines of sh that write an executable script; paths may hold variables. */
function scriptAt(path: string, real: string, script: string): string {
  const words = `{ echo '#!/bin/sh'; echo "REAL=${real}"; cat; } >"${path}" <<'END'\n${script}\nEND`;
  return `${words}\nchmod 755 "${path}"`;
}

/** Lines of sh that make programs or other files look as if they were not there. */
export function hidden(...paths: readonly string[]): string {
  return paths
    .map((path) => (path.includes('/') ? path : `$(realpath "$(command -v ${path})")`))
    .map((path) => `mount --bind /dev/null ${path}`)
    .join('\n');
}
