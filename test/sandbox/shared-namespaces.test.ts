import { execa } from 'execa';
import { readlinkSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startTimeOf } from '../../src/discovery/pin.ts';
import type { Sandbox } from '../../src/model/sandbox.ts';
import type { NamespaceType } from '../../src/model/namespace.ts';
import {
  ALL_CALLERS,
  CLI,
  isRoot,
  makeCaller,
  running,
  sandboxFolders,
  writeProfiles,
  type Caller,
  type Finished,
} from '../support/unshared.ts';
import { until } from '../support/until.ts';

const STAYS = { extends: 'throwaway', workspace: 'none', lifetime: 'untilStopped' } as const;
const PROFILES = {
  host: { ...STAYS, namespaces: { net: 'host', ipc: 'host', uts: 'host', cgroup: 'host', time: 'host' } },
  other: STAYS,
  named: { ...STAYS, domainname: 'nis.example', hostname: 'box' },
};

describe.each(ALL_CALLERS)('the namespaces of a sandbox of %s', (name) => {
  let caller: Caller;
  beforeAll(async () => {
    caller = makeCaller(name);
    await writeProfiles(caller, PROFILES);
  });
  afterEach(async () => {
    for (const { id } of await running(caller)) await caller.unshared(['stop', id]);
    expect(sandboxFolders(caller)).toEqual([]);
  });
  afterAll(() => caller.remove());

  async function start(profile: string, line = 'true'): Promise<Finished & { readonly id: string }> {
    const finished = await caller.unshared(['run', '--profile', profile, '--', 'sh', '-c', line]);
    expect(finished.exitCode, finished.stderr).toBe(0);
    return { ...finished, id: (await running(caller)).at(-1)?.id ?? '' };
  }

  async function enter(id: string, line: string): Promise<string> {
    const { stdout, stderr, exitCode } = await caller.unshared(['enter', id, '--', 'sh', '-c', line]);
    expect(exitCode, `${line}\n${stderr}`).toBe(0);
    return stdout;
  }

  it('can be those of the host, with nothing that belongs to an own one', async () => {
    const { id, stdout, stderr } = await start('host', LINKS);
    const shared: readonly NamespaceType[] = ['net', 'ipc', 'uts', 'cgroup', 'time'];
    for (const links of [stdout, await enter(id, LINKS)]) {
      expect(typesOutside(links)).toEqual(shared);
    }
    expect(await enter(id, 'hostname; cut -d" " -f1 /proc/uptime; ls /dev/mqueue /sys 2>/dev/null; true')).toMatch(
      new RegExp(`^${hostname()}\\n\\d+\\.\\d+$`),
    );
    expect(stderr).toContain("Shares the host's network");
    expect(stderr).toMatch(/Not apart from the host: .*\(ipc\).*\(uts\).*\(cgroup\).*\(time\)/);
  });

  it('can be those of another sandbox, in its first and in its second terminal', async () => {
    const first = await start('named');
    const before = await enter(first.id, LINKS);
    await writeProfiles(caller, {
      ...PROFILES,
      guest: {
        ...STAYS,
        namespaces: { net: 'sandbox:named', ipc: `sandbox:${first.id}`, uts: 'sandbox:named', time: 'sandbox:named' },
      },
    });
    const guest = await start('guest', LINKS);
    for (const links of [guest.stdout, await enter(guest.id, LINKS)]) {
      expect(linksOf(links, ['net', 'ipc', 'uts', 'time'])).toEqual(linksOf(before, ['net', 'ipc', 'uts', 'time']));
      const own = linksOf(before, ['user', 'mnt', 'pid', 'cgroup']);
      expect(links.split('\n').filter((link) => own.includes(link))).toEqual([]);
      expect(typesOutside(links)).toEqual([]);
    }
    expect(guest.stderr).toContain(`Shares with the sandbox named: network.`);
    expect(await enter(guest.id, 'hostname')).toBe('box');
    const queue = await enter(first.id, 'ipcmk -Q');
    const id = /\d+$/.exec(queue)?.[0] ?? 'none';
    expect(await enter(guest.id, 'ipcs -q')).toContain(` ${id} `);
  });

  it('let two sandboxes reach each other on 127.0.0.1', async () => {
    await start('named');
    await writeProfiles(caller, { ...PROFILES, guest: { ...STAYS, namespaces: { net: 'sandbox:named' } } });
    const guest = await start('guest');
    const server = enter((await running(caller))[0]?.id ?? '', `${PERL} ${SERVER}`);
    await until('the server to answer', async () => {
      const { stdout } = await caller.unshared(['enter', guest.id, '--', 'sh', '-c', `${PERL} ${CLIENT}`]);
      return stdout === 'hello';
    });
    await server;
  });

  it('stay when the sandbox that made them ends, and can still be joined and shared', async () => {
    const first = await start('named');
    const net = linksOf(await enter(first.id, LINKS), ['net']);
    const guestOf = (name: string) => ({ ...STAYS, namespaces: { net: `sandbox:${name}`, uts: `sandbox:${name}` } });
    await writeProfiles(caller, { ...PROFILES, guest: guestOf('named'), next: guestOf('guest') });
    const guest = await start('guest');
    await caller.unshared(['stop', first.id]);
    expect(linksOf(await enter(guest.id, LINKS), ['net'])).toEqual(net);
    const next = await start('next', LINKS);
    expect(linksOf(next.stdout, ['net'])).toEqual(net);
    expect(linksOf(await enter(next.id, LINKS), ['net'])).toEqual(net);
  });

  it('keep the ids of the sandbox, also for who is not root in either', async () => {
    await writeProfiles(caller, {
      named: { ...PROFILES.named, user: 1234 },
      guest: { ...STAYS, user: 4321, namespaces: { net: 'sandbox:named' } },
    });
    await start('named');
    const { id } = await start('guest');
    expect(await enter(id, 'id -u; id -g; id -G; grep CapPrm /proc/self/status')).toBe(
      '4321\n4321\n4321\nCapPrm:\t0000000000000000',
    );
    if (name !== 'user') expect(await enter(id, 'cat /proc/self/uid_map')).toMatch(/^ +(0|4321) /);
  });

  it('are shared with root inside who has every capability, and by it', async () => {
    const first = await start('named');
    const mounts = [{ bind: '.', to: '/data', readOnly: true }];
    const learns = { ...STAYS, extends: 'learn', mounts, namespaces: { net: 'sandbox:named' } };
    await writeProfiles(caller, { ...PROFILES, learns, guest: { ...STAYS, namespaces: { uts: 'sandbox:learns' } } });
    const net = await enter(first.id, 'readlink /proc/self/ns/net');
    const line =
      'readlink /proc/self/ns/net; hostname known; (mount -o remount,bind,rw /data || echo held) 2>/dev/null';
    const second = await start('learns', line);
    expect(second.stdout).toBe(`${net}\nheld`);
    expect(await enter(second.id, line)).toBe(`${net}\nheld`);
    expect((await start('guest', 'hostname')).stdout).toBe('known');
  });

  it('leave nothing where the launcher is killed', async () => {
    await writeProfiles(caller, {
      ...PROFILES,
      guest: { ...STAYS, lifetime: 'terminal', namespaces: { net: 'sandbox:named' } },
    });
    await start('named');
    const [file = '', ...args] = caller.asCaller([process.execPath, CLI, 'run', '--profile', 'guest', '--', 'cat']);
    const launcher = execa(file, args, { cwd: caller.workspace, env: caller.env, extendEnv: false, reject: false });
    const { pid, outside } = await until('the guest', async () => (await running(caller)).find(isGuest));
    const keeper = outside?.keeper?.pid ?? 0;
    expect(readlinkSync(`/proc/${keeper}/ns/net`)).toBe(readlinkSync(`/proc/${pid}/ns/net`));
    launcher.kill('SIGKILL');
    await launcher;
    await until('both to end', () => [pid, keeper].every((one) => startTimeOf(one) === undefined));
  });

  it('refuse what the kernel does not give, before anything starts', async () => {
    await writeProfiles(caller, PROFILES);
    await start('named');
    await start('other');
    const refused = async (namespaces: object): Promise<string> => {
      await writeProfiles(caller, { ...PROFILES, guest: { ...STAYS, namespaces } });
      const { stderr, exitCode } = await caller.unshared(['run', '--profile', 'guest', '--', 'true']);
      expect(exitCode).toBe(125);
      return stderr;
    };
    expect(await refused({ net: 'sandbox:named', ipc: 'sandbox:other' })).toContain(
      'belong to different user namespaces',
    );
    expect(await refused({ net: 'sandbox:nobody' })).toContain('No sandbox "nobody" is running');
    expect(await refused({ net: '/etc/passwd' })).toContain('/etc/passwd does not keep a namespace of type net');
    expect(await refused({ net: '/run/netns/none' })).toContain('there is nothing');
    if (name === 'root')
      expect(await refused({ net: '/proc/self/ns/uts' })).toContain('does not keep a namespace of type net');
    else expect(await refused({ net: '/proc/1/ns/net' })).toContain('the kernel lets nobody else enter it');
  });

  it.skipIf(!isRoot)(
    'can be those that a path keeps, where the kernel lets this caller enter (needs root)',
    async () => {
      const paths = { net: join(caller.home, 'net'), uts: join(caller.home, 'uts') };
      for (const path of Object.values(paths)) writeFileSync(path, '');
      try {
        await execa('unshare', [`--net=${paths.net}`, `--uts=${paths.uts}`, 'hostname', 'kept']);
        await writeProfiles(caller, { kept: { ...STAYS, namespaces: paths } });
        const { exitCode, stderr } = await caller.unshared(['run', '--profile', 'kept', '--', 'true']);
        if (name !== 'root') {
          expect([exitCode, stderr]).toEqual([
            125,
            expect.stringContaining(`The net namespace ${paths.net} does not belong`),
          ]);
          return;
        }
        expect(exitCode, stderr).toBe(0);
        const { id = '' } = (await running(caller))[0] ?? {};
        const inodes = Object.entries(paths).map(([type, path]) => `${type}:[${statSync(path).ino}]`);
        expect(linksOf(await enter(id, LINKS), ['net', 'uts'])).toEqual(inodes);
        expect(
          await enter(
            id,
            'hostname; hostname x 2>&1 | grep -c "must be root\\|denied\\|permitted"; cat /proc/self/uid_map',
          ),
        ).toMatch(/^kept\n1\n +0 +524288 /);
      } finally {
        await execa('umount', Object.values(paths), { reject: false });
      }
    },
  );

  it.skipIf(name === 'root')('can be those of a process in a user namespace of the caller', async () => {
    const [file = '', ...args] = caller.asCaller(['unshare', '--user', '--map-root-user', '--net', 'sleep', '1000']);
    const holder = execa(file, args, { reject: false });
    try {
      const pid = holder.pid ?? 0;
      const own = readlinkSync('/proc/self/ns/net');
      const net = await until(
        'its network',
        () => readlinkSync(`/proc/${pid}/ns/net`) !== own && readlinkSync(`/proc/${pid}/ns/net`),
      );
      await writeProfiles(caller, { kept: { ...STAYS, namespaces: { net: `/proc/${pid}/ns/net` } } });
      const { id, stdout } = await start('kept', LINKS);
      holder.kill('SIGKILL');
      await holder;
      for (const links of [stdout, await enter(id, LINKS)]) expect(linksOf(links, ['net'])).toEqual([net]);
    } finally {
      holder.kill('SIGKILL');
      await holder;
    }
  });

  it('have names of their own', async () => {
    await writeProfiles(caller, PROFILES);
    const { id } = await start('named');
    expect(await enter(id, 'hostname; domainname; cat /proc/sys/kernel/domainname')).toBe(
      'box\nnis.example\nnis.example',
    );
    expect((await execa('domainname')).stdout).not.toBe('nis.example');
  });
});

/** A perl of the host is in every sandbox with the host's root. */
const PERL = 'perl -MIO::Socket::INET -e';
const SERVER = `'$s = IO::Socket::INET->new(LocalAddr => "127.0.0.1:4711", Listen => 1) or die; $c = $s->accept; print $c "hello"'`;
const CLIENT = `'$c = IO::Socket::INET->new("127.0.0.1:4711") or exit 1; print <$c>'`;

const isGuest = ({ profile }: Sandbox): boolean => profile === 'guest';

function linksOf(links: string, types: readonly NamespaceType[]): readonly string[] {
  return links.split('\n').filter((one) => types.some((type) => one.startsWith(`${type}:`)));
}

const LINKS = 'readlink /proc/self/ns/*';

/** The types of those namespaces that this process is in, too. */
function typesOutside(links: string): readonly NamespaceType[] {
  const own = ['user', 'mnt', 'pid', 'net', 'ipc', 'uts', 'cgroup', 'time'] as const;
  return own.filter((type) => links.split('\n').includes(readlinkSync(`/proc/self/ns/${type}`)));
}
