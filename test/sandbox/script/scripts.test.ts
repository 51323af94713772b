import { execaSync } from 'execa';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { joinScript } from '../../../src/sandbox/script/join-script.ts';
import { bareRootMount } from '../../../src/sandbox/bare-root.ts';
import { bindFile, bindFolder, NO_MOUNTS, remountReadOnly, tmpfs } from '../../../src/sandbox/mounts.ts';
import { holdMounts } from '../../../src/sandbox/held-mounts.ts';
import type { IdPlan } from '../../../src/sandbox/ids.ts';
import { hubScript } from '../../../src/sandbox/lab/hub-script.ts';
import type { LabPlan } from '../../../src/sandbox/lab/open-lab.ts';
import { planLimits } from '../../../src/sandbox/limits/plan-limits.ts';
import type { Plan } from '../../../src/sandbox/plan.ts';
import { NOTHING_SHARED } from '../../../src/sandbox/shared-namespaces.ts';
import { JOIN_PROGRAM, START_PROGRAM } from '../../../src/script/programs.ts';
import { shellWord } from '../../../src/sandbox/script/quote.ts';
import { startScript } from '../../../src/sandbox/script/start-script.ts';
import { filterRules, hubRules, portRules } from '../../../src/network/filter.ts';
import { hubArguments, pastaArguments, portArguments, PORTS_LINK } from '../../../src/network/pasta.ts';
import { parsePort } from '../../../src/profile/ports.ts';
import { FORWARDED_BY_PASTA, parseResolver } from '../../../src/network/resolver.ts';
import { FORWARDED_BY_SLIRP, slirpArguments } from '../../../src/network/slirp.ts';
import type { WayOut } from '../../../src/sandbox/way-out.ts';
import { profileOf } from '../../support/profiles.ts';

const PROFILE = profileOf({
  limits: { 'memory.max': '64M' },
  time: { boottime: 5, monotonic: -5 },
  env: { GREETING: "it's" },
});

const FOLDER = '/run/user/1000/namespace-sandboxes/review-1a2b';
const BARE = '/run/user/1000/namespace-sandboxes/.bare/0123456789abcdef';

const PLAN: Plan = {
  id: 'review-1a2b',
  profile: PROFILE,
  ids: {
    kind: 'single',
    uids: [{ inside: 0, outside: 1000, count: 1 }],
    gids: [{ inside: 0, outside: 1000, count: 1 }],
  },
  identity: { uid: 0, gid: 0, name: 'root', home: '/root' },
  sharing: NOTHING_SHARED,
  userLimits: { max_inotify_instances: 64, max_net_namespaces: 256 },
  folder: FOLDER,
  foreign: false,
  overlays: [],
  layers: '/home/u/.local/state/namespace-sandboxes/layers/review-1a2b',
  disk: [],
  bare: {
    folder: BARE,
    folders: ['/usr', '/home/u/my project', '/dev', '/tmp'],
    files: ['/dev/null'],
    links: [{ path: '/bin', to: 'usr/bin' }],
  },
  limits: planLimits(PROFILE.limits),
  mounts: {
    ...NO_MOUNTS,
    first: [
      bareRootMount(BARE),
      bindFolder('/usr', '/usr', 'ro'),
      tmpfs('/tmp', '1777'),
      bindFolder('/home/u/my project', '/home/u/my project', 'rw'),
    ],
    second: [bindFile('/dev/null', '/dev/null', ['nosuid', 'noexec'])],
  },
  held: undefined,
  placeholders: [],
  ignored: ['/.envrc', '/to\\ ols'],
  clocks: ['--boottime', '5', '--monotonic', '-5'],
  wayOut: undefined,
  lab: undefined,
  toolchains: { path: ['/home/u/my tools/bin'], env: { RUSTUP_HOME: '/home/u/.rustup' } },
  seccomp: { file: '/home/u/.local/state/namespace-sandboxes/seccomp/ab12.bpf' },
  landlock: { handled: 4, rules: [{ rights: 4, path: '/my data' }] },
  cwd: '/home/u/my project',
  shells: ['/bin/zsh', '/bin/sh'],
};

/** The program is the same for all, and stands whole in two of them. */
function withoutProgram(script: string): string {
  const programs = [START_PROGRAM, JOIN_PROGRAM].map((program) => `program=${shellWord(program)}\n`);
  return programs.reduce((text, program) => text.replace(program, () => 'program=…\n'), script);
}

function short<Arguments extends readonly unknown[]>(script: (...words: Arguments) => string) {
  return (...words: Arguments): string => {
    const text = script(...words);
    expect(execaSync('sh', ['-n'], { input: text, reject: false }).stderr).toBe('');
    return withoutProgram(text);
  };
}

const NO_OFFSETS = ['--boottime', '0', '--monotonic', '0'];

const FACTS = {
  given: { way: 'own', cgroups: { 'memory.max': '/sys/fs/cgroup/x' }, held: { 'memory.max': '64M' }, missing: {} },
  placing: ['echo $$ >/sys/fs/cgroup/x/cgroup.procs'],
  memoryKillCounters: [{ file: '/sys/fs/cgroup/x/memory.events', key: 'oom_kill' }],
} as const;

describe('the scripts of a plan', () => {
  it('are these, to the byte', async () => {
    await expect(startScript(PLAN)).toMatchFileSnapshot('golden/start.sh');
    await expect(joinScript(PLAN, FACTS)).toMatchFileSnapshot('golden/join.sh');
  });

  it('goes into a user namespace that was made for it', async () => {
    const plan = { ...PLAN, userNamespace: { pid: 4321, startTime: 98_765 } };
    await expect(short(startScript)(plan)).toMatchFileSnapshot('golden/start-made.sh');
  });

  it('differ for a foreign root, id ranges, the host network and a sandbox that stays', async () => {
    const other: Plan = {
      ...PLAN,
      ids: { ...PLAN.ids, kind: 'shifted' },
      foreign: true,
      seccomp: { file: '/var/lib/ab12.bpf' },
      landlock: undefined,
      overlays: [{ lower: '/srv/a,b:c', seen: '1.2', target: '/' }],
      layers: '/var/lay ers',
      clocks: ['--boottime', '5', '--monotonic', '18446744073709551611'],
      bare: undefined,
      mounts: {
        ...NO_MOUNTS,
        first: [bindFolder('/home/u/my project', '/home/u/my project', 'rw'), tmpfs('/run/tools', '755')],
        links: [{ path: '/dev/fd', to: '/proc/self/fd' }],
        folders: ['/data/a b'],
        files: ['/dev/null', '/data/a b/file'],
        second: [
          bindFile('/dev/null', '/dev/null', ['nosuid', 'noexec']),
          bindFile('/srv/file', '/data/a b/file', ['ro', 'nosuid', 'nodev']),
        ],
        last: [remountReadOnly('/run/tools')],
      },
      profile: profileOf({
        network: 'host',
        time: { boottime: 5, monotonic: -5 },
        env: { GREETING: "it's" },
        lifetime: 'untilStopped',
        capabilities: 'all',
      }),
    };
    await expect(short(startScript)(other)).toMatchFileSnapshot('golden/start-overlay.sh');
    await expect(short(joinScript)(other, { ...FACTS, placing: [], memoryKillCounters: [] })).toMatchFileSnapshot(
      'golden/join-shifted.sh',
    );
  });

  it('differ for another user, ids and namespaces', async () => {
    const identity = { uid: 1234, gid: 1235, name: 'ann', home: '/home/ann' };
    const ranges: IdPlan['uids'] = [
      { inside: 1234, outside: 1000, count: 1 },
      { inside: 0, outside: 100_000, count: 1234 },
    ];
    const shared = profileOf({
      domainname: 'nis',
      namespaces: { net: 'sandbox:db', ipc: 'host', cgroup: 'host', time: 'host' },
    });
    const option = { type: 'net', option: '--net' } as const;
    const parent = { pid: 99, startTime: 888, shared: [option], uids: ranges, gids: ranges };
    const guest: Plan = { ...PLAN, profile: shared, clocks: [], sharing: { early: [], parent } };
    const early = { early: [{ type: 'net', option: '--net=/run/netns/n 1' }], parent: undefined } as const;
    const plans: Record<string, Plan> = {
      'one-user': { ...PLAN, identity, ids: { kind: 'single', uids: ranges.slice(0, 1), gids: ranges.slice(0, 1) } },
      ranges: { ...PLAN, identity, ids: { kind: 'ranges', uids: ranges, gids: ranges } },
      guest,
      path: { ...PLAN, profile: shared, clocks: [], ids: { ...PLAN.ids, kind: 'shifted' }, sharing: early },
    };
    for (const [name, plan] of Object.entries(plans)) {
      await expect(short(startScript)(plan)).toMatchFileSnapshot(`golden/start-${name}.sh`);
      await expect(short(joinScript)(plan, FACTS)).toMatchFileSnapshot(`golden/join-${name}.sh`);
    }
  });

  it('have an outer part where root inside may mount', async () => {
    const mounts = {
      ...PLAN.mounts,
      first: [...PLAN.mounts.first, bindFolder('/srv/a b', '/data', 'ro')],
      files: ['/one/file'],
      second: [
        ...PLAN.mounts.second,
        bindFile('/srv/file', '/one/file', ['ro', 'nosuid', 'nodev']),
        bindFile('/dev/null', '/data/key', ['ro', 'nosuid', 'noexec']),
      ],
    };
    const profile = profileOf({ extends: 'learn' });
    const plan: Plan = { ...PLAN, profile, mounts, clocks: NO_OFFSETS, held: holdMounts(mounts, FOLDER) };
    await expect(short(startScript)(plan)).toMatchFileSnapshot('golden/start-held.sh');
    const ranges: IdPlan['uids'] = [...PLAN.ids.uids, { inside: 1, outside: 100_000, count: 65_536 }];
    await expect(
      short(startScript)({ ...plan, ids: { kind: 'ranges', uids: ranges, gids: ranges } }),
    ).toMatchFileSnapshot('golden/start-held-ranges.sh');
  });

  it('differ for a way to the internet, with ports and without', async () => {
    const host = { links: ['192.168.1.7/24', 'fe80::1/64'], gateways: ['192.168.1.1'], online: true };
    const text = 'nameserver 127.0.0.53\nsearch example.org\n';
    const way = (network: object | string, kind: WayOut['kind']): Pick<Plan, 'profile' | 'wayOut' | 'clocks'> => {
      const profile = profileOf({ network, capabilities: { drop: ['net_raw'] } });
      const pasta = { program: '/usr/bin/pasta', options: new Set(['--host-lo-to-ns-lo']) };
      const resolver = parseResolver(
        text,
        '/run/stub.conf',
        kind === 'pasta' ? FORWARDED_BY_PASTA : FORWARDED_BY_SLIRP,
      );
      const command =
        kind === 'pasta'
          ? [pasta.program, ...pastaArguments(profile.network, pasta, resolver?.addresses ?? [])]
          : ['/usr/bin/slirp4netns', ...slirpArguments()];
      return { profile, wayOut: { kind, command, filter: filterRules(host), resolver }, clocks: NO_OFFSETS };
    };
    const publish = ['8080:80', '0.0.0.0:5300:53/udp', '[::1]:8082:82'];
    const plans: Record<string, Plan> = {
      internet: { ...PLAN, ...way('internet', 'pasta') },
      'internet-slirp': { ...PLAN, ...way('internet', 'slirp4netns') },
      publish: {
        ...PLAN,
        ...way({ mode: 'internet', publish, hostPorts: [5432] }, 'pasta'),
        ids: { ...PLAN.ids, kind: 'shifted' },
      },
    };
    for (const [name, plan] of Object.entries(plans)) {
      await expect(short(startScript)(plan)).toMatchFileSnapshot(`golden/start-${name}.sh`);
      await expect(short(joinScript)(plan, FACTS)).toMatchFileSnapshot(`golden/join-${name}.sh`);
    }
  });

  it('join a lab, also with held mounts', async () => {
    const networks = [
      {
        name: 'lab',
        subnets: ['10.0.0.0/24', 'fd00::/64'],
        mtu: undefined,
        isolated: false,
        internet: false,
        conditions: {},
      },
      {
        name: 'dmz',
        subnets: ['10.1.0.0/24'],
        mtu: 9000,
        isolated: true,
        internet: false,
        conditions: { delay: '20ms', loss: '1%', rate: '10mbit' },
      },
    ];
    const lab: LabPlan = {
      id: 'ws-0a1b2c',
      folder: '/run/user/1000/namespace-sandboxes/.labs/ws-0a1b2c',
      hubIds: PLAN.ids,
      networks,
      interfaces: [
        { network: 'lab', device: 'eth0', addresses: ['10.0.0.1/24', 'fd00::1/64'], gateways: ['10.0.0.254'] },
        { network: 'dmz', device: 'dmz', addresses: ['10.1.0.1/24'], gateways: [] },
      ],
      forwarding: true,
      host: { ipv6: true },
      internet: undefined,
      hosts: '',
    };
    const plan: Plan = { ...PLAN, lab, clocks: NO_OFFSETS };
    await expect(short(startScript)(plan)).toMatchFileSnapshot('golden/start-lab.sh');
    await expect(short(joinScript)(plan, FACTS)).toMatchFileSnapshot('golden/join-lab.sh');
    const held = holdMounts(plan.mounts, FOLDER);
    await expect(short(startScript)({ ...plan, held, ids: { ...PLAN.ids, kind: 'shifted' } })).toMatchFileSnapshot(
      'golden/start-lab-held.sh',
    );
    const file = '/ws/.vscode/sandboxes.json';
    const hub = { file, folder: lab.folder, networks, ids: PLAN.ids, host: lab.host, internet: undefined };
    await expect(hubScript(hub)).toMatchFileSnapshot('golden/lab.sh');
    await expect(hubScript({ ...hub, ids: { ...PLAN.ids, kind: 'shifted' } })).toMatchFileSnapshot(
      'golden/lab-shifted.sh',
    );
    const host = { links: ['192.168.1.7/24', 'fe80::1/64'], gateways: ['192.168.1.1'], online: true };
    const pasta = { program: '/usr/bin/pasta', options: new Set<string>() };
    const resolver = parseResolver('nameserver 127.0.0.53', '/etc/resolv.conf', FORWARDED_BY_PASTA);
    const command = [pasta.program, ...hubArguments('_internet', pasta, resolver?.addresses ?? [])];
    const internet = { filter: hubRules(host, '_internet'), command, resolver };
    const out = networks.map((network) => ({ ...network, internet: network.name === 'lab' }));
    await expect(hubScript({ ...hub, networks: out, internet })).toMatchFileSnapshot('golden/lab-internet.sh');
    const shifted = { ...PLAN.ids, kind: 'shifted' } as const;
    await expect(hubScript({ ...hub, networks: out, internet, ids: shifted })).toMatchFileSnapshot(
      'golden/lab-internet-shifted.sh',
    );
    const profile = profileOf({ capabilities: { drop: ['net_raw'] } });
    const network = {
      mode: 'none',
      publish: ['8080:80'].map(parsePort).flatMap((port) => port ?? []),
      hostPorts: [5432],
    } as const;
    const ports: WayOut = {
      kind: 'ports',
      command: [pasta.program, ...portArguments(network, pasta)],
      filter: portRules(PORTS_LINK),
      resolver: undefined,
    };
    await expect(
      startScript({ ...plan, profile: { ...profile, network }, lab: { ...lab, internet }, wayOut: ports }),
    ).toMatchFileSnapshot('golden/start-lab-ports.sh');
  });

  it('are sh, whatever a profile, a path or a variable holds', () => {
    const text = fc.string({ unit: 'binary', maxLength: 30 }).filter((value) => !value.includes('\0'));
    fc.assert(
      fc.property(text, text, text, (name, folder, value) => {
        const plan: Plan = {
          ...PLAN,
          profile: { ...PROFILE, name, hostname: value, env: { VALUE: value } },
          shells: [`/${value}`],
          cwd: `/${folder}`,
          mounts: {
            ...PLAN.mounts,
            first: [bindFolder(`/${folder}`, `/${folder}`, 'ro')],
            files: [`/${folder}`],
            links: [{ path: `/${folder}`, to: value }],
          },
          bare: {
            folder: `/run/${name}`,
            folders: [`/${folder}`],
            files: [`/${value}`],
            links: [{ path: `/${name}`, to: value }],
          },
        };
        const held = startScript({ ...plan, held: holdMounts(plan.mounts, FOLDER) });
        for (const script of [startScript(plan), held, joinScript(plan, FACTS)]) {
          expect(execaSync('sh', ['-n'], { input: script, reject: false }).stderr).toBe('');
        }
      }),
      { numRuns: 60, endOnFailure: true },
    );
  });
});
