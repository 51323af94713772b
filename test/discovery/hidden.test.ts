import { execa } from 'execa';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterEach, beforeAll, afterAll, describe, expect, it } from 'vitest';
import type { Holder, Namespace } from '../../src/model/namespace.ts';
import { surroundings, unsharedIn } from '../support/surroundings.ts';
import { CALLERS, isRoot, makeCaller, type Caller } from '../support/unshared.ts';

const HIDE = resolve('test/discovery/hide.mjs');

type Listed = Pick<Namespace, 'type' | 'holders' | 'pids'> & {
  readonly ns: number;
  readonly foundBy: string;
  readonly pns: number | null;
  readonly ons: number | null;
  readonly ownerUid: number | null;
};

interface Hidden {
  readonly type: string;
  readonly inode: number;
  readonly pid: number;
  readonly fd?: number;
  readonly tid?: number;
  readonly other?: number;
}

/** Where ptrace(2) is closed to all but parents (Yama), nobody gets a socket of another process without root. */
const YAMA = (() => {
  try {
    return readFileSync('/proc/sys/kernel/yama/ptrace_scope', 'utf8').trim() !== '0';
  } catch {
    return false;
  }
})();

describe.each(CALLERS)('what no process is in, as %s', (name) => {
  let caller: Caller;
  const undo: (() => Promise<unknown>)[] = [];
  beforeAll(() => {
    caller = makeCaller(name);
  });
  afterEach(async () => {
    for (const step of undo.splice(0)) await step();
  });
  afterAll(() => caller.remove());

  /** Starts what hides a namespace, and waits until it tells which. */
  async function hide(command: readonly string[]): Promise<Hidden> {
    const [file = '', ...args] = caller.asCaller(command);
    const child = execa(file, args, { cwd: caller.workspace, env: caller.env, extendEnv: false, reject: false });
    undo.push(async () => {
      child.kill('SIGKILL');
      await child;
    });
    const ended = child.then(({ stderr }) => {
      throw new Error(`it has ended: ${stderr}`);
    });
    const [line] = (await Promise.race([once(child.stdout, 'data'), ended])) as [Buffer];
    return JSON.parse(String(line)) as Hidden;
  }

  const hideIn = (options: string, kind: string): Promise<Hidden> =>
    hide(['unshare', options, process.execPath, HIDE, kind]);

  async function found(type: string, inode: number): Promise<Listed | undefined> {
    const { stdout, stderr } = await caller.unshared(['namespaces', '--json']);
    if (stdout === '') throw new Error(stderr);
    const { namespaces } = JSON.parse(stdout) as { namespaces: Listed[] };
    return namespaces.find((one) => one.type === type && one.ns === inode);
  }

  const heldBy = (by: string, holder: Holder) => ({ pids: [], foundBy: by, holders: [holder] });

  it('is found by a descriptor', async () => {
    const { inode, pid, fd = 0 } = await hideIn('-Urn', 'descriptor');
    expect(await found('net', inode)).toMatchObject(heldBy('descriptor', { by: 'descriptor', pid, fd }));
  });

  it.skipIf(YAMA && name !== 'root')('is found by a socket (not where Yama closes ptrace)', async () => {
    const { inode, pid, fd = 0 } = await hideIn('-Urn', 'socket');
    expect(await found('net', inode)).toMatchObject(heldBy('socket', { by: 'socket', pid, fd }));
  });

  it('is found by a thread', async () => {
    const { inode, pid, tid = 0 } = await hideIn('-Urn', 'thread');
    expect(tid).not.toBe(pid);
    expect(await found('net', inode)).toMatchObject(heldBy('thread', { by: 'thread', pid, tid }));
  });

  it('is found by the children that a process will have', async () => {
    const { inode, pid } = await hideIn('-Ur', 'children');
    expect(await found('time', inode)).toMatchObject(heldBy('children', { by: 'children', pid, tid: pid }));
  });

  it('is found by a bind mount in another mount namespace', async () => {
    const file = String.raw`$HOME/a \040 b`;
    const script = `
      : >"${file}"
      exec 3<>/dev/null
      unshare --net="${file}" readlink /proc/self/ns/net >"$HOME/link"
      read -r link <"$HOME/link"; inode=\${link#*[}
      echo "{\\"type\\":\\"net\\",\\"inode\\":\${inode%]},\\"pid\\":$$}"
      read -r _`;
    const { inode, pid } = await hide(['unshare', '-Urm', 'sh', '-c', script]);
    const path = `${caller.home}/${String.raw`a \040 b`}`;
    expect(await found('net', inode)).toMatchObject(heldBy('mount', { by: 'mount', pid, path }));
  });

  it('is found as the parent and as the owner of another', async () => {
    const inner = String.raw`
      link=$(readlink /proc/self/ns/user); inode=\${link#*[}; net=$(readlink /proc/self/ns/net); net=\${net#*[}
      echo "{\"type\":\"user\",\"inode\":$1,\"pid\":$$,\"other\":\${inode%]},\"net\":\${net%]}}"; read -r _`.replaceAll(
      '\\$',
      '$',
    );
    const outer = `link=$(readlink /proc/self/ns/user); inode=\${link#*[}; exec unshare -Ur sh -c "$0" sh "\${inode%]}"`;
    const { inode, other = 0 } = await hide(['unshare', '-Urn', 'sh', '-c', outer, inner]);
    const parent = await found('user', inode);
    expect(parent).toMatchObject({ pids: [], foundBy: 'child', ownerUid: caller.uid });
    expect(parent?.holders).toContainEqual({ by: 'child', child: { type: 'user', inode: other } });
    expect(parent?.holders.map(({ by }) => by)).toContain('owned');
    expect(await found('user', other)).toMatchObject({ pns: inode, ons: inode, foundBy: 'process' });
  });
});

it.skipIf(!isRoot)('is said to be hidden where /proc hides it (needs root)', async () => {
  const caller = makeCaller('user');
  const around = await surroundings('mount -t proc -o hidepid=2 proc /proc');
  try {
    const { stdout } = await unsharedIn(caller, around.inside, ['namespaces', '--json']);
    const { namespaces, unreadable } = JSON.parse(stdout) as {
      namespaces: Listed[];
      unreadable: { processes: number; hidden: boolean };
    };
    expect(unreadable).toMatchObject({ processes: 0, hidden: true });
    expect(new Set(namespaces.map(({ type }) => type)).size).toBe(8);
  } finally {
    await around.end();
    caller.remove();
  }
});
