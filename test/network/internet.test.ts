import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, chmodSync } from 'node:fs';
import { execa } from 'execa';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findProgram } from '../../src/host/programs.ts';
import { SHIFTED_BASE } from '../../src/sandbox/ids.ts';
import type { Sandbox } from '../../src/model/sandbox.ts';
import { answerOnce, ask } from '../support/ask.ts';
import { busyboxTree } from '../support/busybox.ts';
import {
  EMBEDDED,
  expectRefusal,
  EXTERNAL_BY_NAT64,
  LAB,
  makeNetworkLab,
  type NetworkLab,
} from '../support/network-lab.ts';
import { CALLERS, isRoot, makeCaller, sandboxFolders, type Caller } from '../support/unshared.ts';
import { hidden } from '../support/surroundings.ts';
import { until } from '../support/until.ts';
import { waysOut } from '../support/ways-out.ts';

const missing = ['pasta', 'nft', 'ip', 'busybox'].filter((name) => findProgram(name) === undefined);
const possible = isRoot && missing.length === 0;
const needs = isRoot ? `needs ${missing.join(', ') || 'nothing more'}` : 'needs root';

const WAYS_OUT = ['pasta', 'slirp4netns'].filter((name) => findProgram(name) !== undefined);

const PROFILES = {
  net: { network: 'internet' },
  ports: {
    network: {
      mode: 'internet',
      publish: ['8080:80', '0.0.0.0:8081:81', '[::1]:8082:82', '5300:53/udp'],
      hostPorts: [7000],
    },
  },
  stays: { network: { mode: 'internet', publish: ['8090:80'] }, lifetime: 'untilStopped' },
  learning: { extends: 'learn', network: 'internet' },
  held: { extends: 'learn', network: 'internet', capabilities: { base: 'all', drop: ['net_admin', 'net_raw'] } },
  learningClosed: { extends: 'learn', network: 'internet', capabilities: { base: 'default', add: ['net_admin'] } },
};

describe.skipIf(!possible).each(CALLERS)(`the internet in a sandbox of %s (${needs})`, (name) => {
  let lab: NetworkLab;
  let caller: Caller;
  beforeAll(async () => {
    lab = await makeNetworkLab();
    caller = makeCaller(name);
    await writeProfiles(caller);
  });
  afterAll(async () => {
    for (const id of sandboxFolders(caller)) await lab.unshared(caller, ['stop', id]);
    await lab.end();
    caller.remove();
  });

  async function inside(line: string, profile = 'net'): Promise<string> {
    const { stdout, stderr, exitCode } = await lab.unshared(caller, [
      'run',
      '--profile',
      profile,
      '--',
      'sh',
      '-c',
      line,
    ]);
    expect(exitCode, `${line}\n${stderr}`).toBe(0);
    return stdout;
  }

  const refused = async (lines: readonly string[]): Promise<readonly string[]> =>
    (await inside(lines.join('\n'))).split('\n');

  it('is reached by TCP, UDP and IPv6, by names, and by ping', async () => {
    const asked = [
      ask('tcp', LAB.external),
      ask('udp', LAB.external),
      ask('tcp', LAB.external6),
      ask('tcp', 'example.org'),
    ];
    expect((await inside(asked.join('\n'))).split('\n')).toEqual(Array(4).fill('world'));
    const ping = `s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, 1); s.settimeout(3); s.connect(("${LAB.external}", 0))`;
    expect(
      await inside(`python3 -c 'import socket\n${ping}\ns.send(bytes([8,0,0,0,0,0,0,1])); print(s.recv(9)[0])'`),
    ).toBe('0');
  });

  it('is reached, and the machine is not, with every other capability', async () => {
    const asked = [ask('tcp', LAB.external), ask('tcp', LAB.gateway)];
    const line = 'mount -o remount,bind,rw /usr 2>/dev/null || echo held';
    expect((await inside([...asked, line].join('\n'), 'held')).split('\n')).toEqual(['world', 'ECONNREFUSED', 'held']);
  });

  it('is not the machine itself, its gateway or a metadata address', async () => {
    const near = ['127.0.0.1', LAB.host, LAB.gateway, LAB.gateway6, LAB.metadata, LAB.metadata6];
    expect(await refused(near.map((address) => ask('tcp', address)))).toEqual(near.map(() => 'ECONNREFUSED'));
    const answers = await refused(near.map((address) => ask('udp', address)));
    expect(answers.filter((answer) => answer === 'world' || answer === 'host')).toEqual([]);
  });

  it('is not one of these, either, under an address of IPv6 that leads to it', async () => {
    for (const device of ['', 'eth0']) {
      const asked = [...EMBEDDED, EXTERNAL_BY_NAT64].map((address) => ask('tcp', address, 7000, device));
      expect(await refused(asked)).toEqual([...EMBEDDED.map(() => 'ECONNREFUSED'), 'world']);
    }
    const answers = await refused(EMBEDDED.map((address) => ask('udp', address)));
    expect(answers.filter((answer) => answer === 'world' || answer === 'host')).toEqual([]);
  });

  it('is not, either, for a socket that is bound to the device, or for raw packets', async () => {
    const near = [LAB.gateway, LAB.metadata, LAB.gateway6, LAB.metadata6];
    expect(await refused(near.map((address) => ask('tcp', address, 7000, 'eth0')))).toEqual(
      near.map(() => 'ECONNREFUSED'),
    );
    expect(await inside(ask('tcp', LAB.external, 7000, 'eth0'))).toBe('world');
    const raw =
      'import socket\ntry: socket.socket(socket.AF_PACKET, socket.SOCK_RAW)\nexcept PermissionError: print("refused")';
    expect(await inside(`python3 -c '${raw}'`)).toBe('refused');
    expect(await inside('nft flush ruleset 2>&1 | grep -c permitted')).toBe('1');
    expect(await inside(`unshare --user --map-root-user nft flush ruleset 2>&1 | grep -c permitted`)).toBe('1');
  });

  it('leads in and out by the ports of its profile, and by no other', async () => {
    const running = lab.start(caller, ['run', '--profile', 'ports', '--', 'sh', '-c', serve([80, 81, 82])]);
    await lineOf(running, 'answering', 3);
    expect(await lab.onHost(ask('tcp', '127.0.0.1', 8080))).toBe('inside');
    expect(await lab.onHost(ask('tcp', '::1', 8082))).toBe('inside');
    expect(await lab.inWorld(ask('tcp', LAB.host, 8080))).toBe('ECONNREFUSED');
    // pasta of 2023 now and then loses the first bytes of a connection that came through its device.
    await until('an answer', async () => (await lab.inWorld(ask('tcp', LAB.host, 8081))) === 'inside', 30);
    expect(await lab.onHost(ask('tcp', '127.0.0.1', 80))).toBe('ECONNREFUSED');
    running.kill('SIGTERM');
    expect((await running).exitCode).toBe(143);
    expect((await inside([ask('tcp', '127.0.0.1'), ask('tcp', LAB.host)].join('\n'), 'ports')).split('\n')).toEqual([
      'host',
      'ECONNREFUSED',
    ]);
  });

  it('is there in another root file system, whatever its resolv.conf is', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'unshared-net-'));
    chmodSync(folder, 0o755);
    try {
      const tree = busyboxTree(join(folder, 'tree'), ['sh', 'cat', 'nslookup']);
      mkdirSync(join(tree, 'etc'));

      const owner = caller.uid === 0 ? SHIFTED_BASE : caller.uid;
      symlinkSync('../run/systemd/resolve/stub-resolv.conf', join(tree, 'etc/resolv.conf'));
      await execa('chown', ['-hR', `${owner}:${owner}`, tree]);
      const command = ['sh', '-c', 'cat /etc/resolv.conf; nslookup example.org'];
      const { stdout, stderr } = await lab.unshared(caller, [
        'run',
        '--profile',
        'net',
        '--rootfs',
        tree,
        '--',
        ...command,
      ]);
      expect(stdout, stderr).toContain('nameserver 192.0.2.53');
      expect(stdout, stderr).toContain(LAB.external);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('is the same in a second terminal, is listed, and ends when the sandbox is stopped', async () => {
    await inside('true', 'stays');
    const { stdout } = await lab.unshared(caller, ['list', '--json']);
    const sandbox =
      (JSON.parse(stdout) as Sandbox[]).find(({ profile }) => profile === 'stays') ?? expect.fail('not listed');
    expect(sandbox.network.publish).toEqual([{ address: '127.0.0.1', host: 8090, inside: 80, protocol: 'tcp' }]);
    expect(waysOut(caller)).toEqual([sandbox.wayOut?.pid]);
    const again = [ask('tcp', LAB.external), ask('tcp', LAB.metadata, 7000, 'eth0'), 'grep CapBnd /proc/self/status'];
    const second = await lab.unshared(caller, ['enter', sandbox.id, '--', 'sh', '-c', again.join('\n')]);
    expect(second.stdout.split('\n')).toEqual(['world', 'ECONNREFUSED', 'CapBnd:\t00000000800405fb']);
    const taken = await lab.unshared(caller, ['run', '--profile', 'stays', '--', 'true']);
    expect(taken.stderr).toContain('Port 8090 of 127.0.0.1 cannot be published: another program listens there');
    await lab.unshared(caller, ['stop', sandbox.id]);
    await until('pasta to end', () => waysOut(caller).length === 0);
    expect(sandboxFolders(caller)).toEqual([]);
  });

  it('leaves nothing when the launcher is killed', async () => {
    const running = lab.start(caller, ['run', '--profile', 'net', '--', 'sh', '-c', 'echo answering; exec sleep 30']);
    await lineOf(running, 'answering', 1);
    await until('one way out', () => waysOut(caller).length === 1);
    running.kill('SIGKILL');
    await until('pasta to end', () => waysOut(caller).length === 0);
    await until('the network stage to end', () => commandLines(caller).length === 0);
  });

  it('is missing while the machine is offline, which is said, and an error where ports are named', async () => {
    const routes = [`default via ${LAB.gateway}`, `default via ${LAB.gateway6}`];
    await lab.onHost(routes.map((route) => `ip route del ${route}`).join('; '));
    const plain = await lab.unshared(caller, ['run', '--profile', 'net', '--', 'true']);
    const ports = await lab.unshared(caller, ['run', '--profile', 'ports', '--', 'true']);
    await lab.onHost(routes.map((route) => `ip route add ${route}`).join('; '));
    expect([plain.exitCode, ports.exitCode]).toEqual([0, 125]);
    expect(plain.stderr).toContain('This machine has no route to the internet now, so there is none inside');
    expect(ports.stderr).toContain('no route to the internet now, so "publish" and "hostPorts" cannot be forwarded');
  });

  describe.skipIf(findProgram('slirp4netns') === undefined)('without pasta (needs slirp4netns)', () => {
    const run = (profile: string, lines: readonly string[]) =>
      lab.unshared(caller, ['run', '--profile', profile, '--', 'sh', '-c', lines.join('\n')], hidePasta);
    const hidePasta = hidden('pasta');

    it('is reached by slirp4netns all the same, and this machine is not', async () => {
      const reached = [ask('tcp', LAB.external), ask('udp', LAB.external), ask('tcp', 'example.org')];
      const near = ['127.0.0.1', LAB.host, LAB.gateway, LAB.metadata, '192.0.2.2'];
      const answers = await run('net', [...reached, ...near.map((address) => ask('tcp', address))]);
      expect(answers.stdout.split('\n'), answers.stderr).toEqual([
        ...reached.map(() => 'world'),
        ...near.map(() => 'ECONNREFUSED'),
      ]);
      await until('slirp4netns to end', () => waysOut(caller).length === 0);
      expect(sandboxFolders(caller)).toEqual([]);
    });

    it('leads to no port, which is said', async () => {
      const { exitCode, stderr } = await run('ports', ['true']);
      expect([exitCode, stderr]).toEqual([125, expect.stringContaining('apt install passt')]);
    });

    it('leaves nothing when the launcher is killed', async () => {
      const command = ['run', '--profile', 'net', '--', 'sh', '-c', 'echo answering; exec sleep 30'];
      const running = lab.start(caller, command, hidePasta);
      await lineOf(running, 'answering', 1);
      expect(waysOut(caller)).toHaveLength(1);
      running.kill('SIGKILL');
      await until('slirp4netns to end', () => waysOut(caller).length === 0);
      await run('net', ['true']); // sweeps
    });
  });

  describe('fails in one sentence and leaves nothing', () => {
    it.each([
      ['without pasta and slirp4netns', hidden(...WAYS_OUT), 'net', 'apt install passt'],
      ['without nft', hidden('nft'), 'net', 'apt install nftables'],
      ['where tun is closed', 'chmod 600 /dev/net/tun', 'net', '/dev/net/tun, which cannot be used'],
      ['with all capabilities', '', 'learning', 'With net_admin and net_raw a sandbox could remove the rules'],
      ['with net_admin', '', 'learningClosed', 'With net_admin a sandbox could remove the rules'],
    ])('%s', async (_, before, profile, sentence) => {
      await expectRefusal(lab, caller, { before, profile, sentence });
      await until('no way out', () => waysOut(caller).length === 0);
      expect(sandboxFolders(caller)).toEqual([]);
    });
  });
});

/** Serves one connection after the other on each port. */
function serve(ports: readonly number[]): string {
  const addresses: Readonly<Record<number, string>> = { 81: '0.0.0.0', 82: '::1' };
  return [...ports.map((port) => `while ${answerOnce(port, addresses[port])}; do :; done &`), 'wait'].join('\n');
}

async function lineOf(running: ReturnType<NetworkLab['start']>, word: string, times: number): Promise<void> {
  let said = '';
  running.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await until(word, () => said.split(word).length > times);
}

async function writeProfiles(caller: Caller): Promise<void> {
  const [file = '', ...args] = caller.asCaller(['sh', '-c', 'mkdir -p .vscode && cat >.vscode/sandboxes.json']);
  await execa(file, args, { cwd: caller.workspace, input: JSON.stringify({ profiles: PROFILES }) });
}

function commandLines({ runtime }: Caller): readonly (readonly [string, string])[] {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .map((pid) => [pid, commandLine(pid)] as const)
    .filter(([, line]) => line.includes(`${runtime}/`));
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}
