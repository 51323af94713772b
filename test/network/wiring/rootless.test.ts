import { build } from 'esbuild';
import { execa } from 'execa';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Wiring } from '../../../src/model/wiring.ts';
import { holdNamespaces, release, STRANGER, type Holder } from '../../helper/holders.ts';
import { isRoot, USER } from '../../support/unshared.ts';

const AS_USER = isRoot ? ['setpriv', '--reuid', `${USER}`, '--regid', `${USER}`, '--clear-groups', '--'] : [];

/** A shell that is root in namespaces of its own, and does a line whenever it is told to. */
interface Shell {
  readonly pid: number;
  run(line: string): Promise<void>;
  end(): Promise<void>;
}

async function startShell(...enter: readonly string[]): Promise<Shell> {
  const loop = 'echo ready; while read -r line; do eval "$line" || exit; echo done; done';
  const [program, ...args] = [...AS_USER, ...enter, 'unshare', '--map-root-user', '--net', 'sh', '-c', loop];
  const child: ChildProcess = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const answer = async (): Promise<unknown> => child.stdout && once(child.stdout, 'data');
  await answer();
  return {
    pid: child.pid ?? 0,
    run: async (line) => {
      const done = answer();
      child.stdin?.write(`${line}\n`);
      await done;
    },
    end: async () => {
      const exit = once(child, 'exit');
      child.stdin?.end();
      await exit;
    },
  };
}

describe('the wiring as a user sees it who is not root', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wiring-'));
  const driver = join(folder, 'driver.mjs');
  let [hub, box]: readonly Shell[] = [];
  let foreign: Holder | undefined;
  let seen: { readonly wiring: Wiring; readonly reach: unknown };
  beforeAll(async () => {
    chmodSync(folder, 0o755);
    const entryPoints = [join(import.meta.dirname, 'driver.ts')];
    await build({ entryPoints, outfile: driver, bundle: true, platform: 'node', format: 'esm', logLevel: 'error' });
    hub = await startShell();
    box = await startShell('nsenter', `--user=/proc/${hub.pid}/ns/user`, '--preserve-credentials');
    await hub.run(`ip link add to-box type veth peer name eth0 netns ${box.pid}`);
    await hub.run('ip address add 10.9.6.1/24 dev to-box; ip link set to-box up');
    await box.run('ip address add 10.9.6.2/24 dev eth0; ip link set eth0 up');
    if (isRoot) foreign = await holdNamespaces(STRANGER, '--net');
    const [program, ...args] = [...AS_USER, process.execPath, driver, `${hub.pid}`, '10.9.6.2', '10.9.6.9'];
    seen = JSON.parse((await execa(program, args, { cwd: '/' })).stdout) as typeof seen;
  });
  afterAll(async () => {
    await Promise.all([hub?.end(), box?.end(), foreign && release(foreign)]);
    rmSync(folder, { recursive: true });
  });

  const networkOf = (shell: Shell | undefined) => seen.wiring.networks.find(({ pid }) => pid === shell?.pid);

  it('has the networks of own user namespaces, and joins them', () => {
    expect(networkOf(box)?.interfaces.map(({ name, addresses }) => [name, addresses[0]])).toEqual([
      ['lo', undefined],
      ['eth0', '10.9.6.2/24'],
    ]);
    const [one, other] = [networkOf(hub)?.inode, networkOf(box)?.inode];
    const pair = seen.wiring.cables.filter(({ from }) => [one, other].includes(from.network));
    expect(pair.map(({ kind, from, to }) => [kind, [from.network, to?.network].sort()])).toEqual([
      ['veth', [one, other].sort()],
    ]);
  });

  it.skipIf(!isRoot)('has nothing of others (needs root to be another user)', () => {
    expect(seen.wiring.networks.filter(({ pid }) => pid === foreign?.pid)).toEqual([]);
  });

  it('tries whom such a network reaches', () => {
    expect(seen.reach).toEqual({ tried: [{ ping: true, port: 'refused' }, { ping: false }] });
  });
});
