import { describe, expect, it } from 'vitest';
import { ProblemError } from '../../src/model/problem.ts';
import type { Profile } from '../../src/model/profile.ts';
import { loadProfiles, overrideProfile, problemsIn, resolveProfile } from '../../src/profile/load.ts';
import { sentence } from '../../src/text/problems.ts';

const FILE = '/ws/.vscode/sandboxes.json';
const CONTEXT = { workspaceFolder: '/ws', env: {}, home: '/home/ada' };

const load = (text: string) => loadProfiles([{ file: FILE, text, source: 'workspace' }]);

function resolved(file: object, name = 'n1'): Profile {
  return resolveProfile(load(JSON.stringify(file)), name, CONTEXT);
}

/** What is wrong, without the name of the file. */
function said(text: string): readonly string[] {
  return problemsIn(FILE, load(text), CONTEXT).map((one) => sentence(one).replace(`${FILE}:`, ''));
}

const LAB = { subnet: '10.0.0.0/24' };

describe('networks of a profile file', () => {
  it('are those of the article', () => {
    const { lab, network, namespaces } = resolved({
      profiles: { n1: { extends: 'learn', networks: { lab: '10.0.0.1/24' } }, n2: { networks: { lab: '10.0.0.2' } } },
      networks: { lab: LAB },
    });
    expect(lab).toEqual({
      file: FILE,
      networks: [
        { name: 'lab', subnets: ['10.0.0.0/24'], mtu: undefined, isolated: false, internet: false, conditions: {} },
      ],
      interfaces: [
        {
          network: 'lab',
          device: 'eth0',
          addresses: [{ subnet: '10.0.0.0/24', address: '10.0.0.1' }],
          gateways: [],
        },
      ],
      named: { lab: ['10.0.0.1', '10.0.0.2'] },
      forwarding: false,
    });
    expect([network.mode, namespaces.net.kind]).toEqual(['none', 'new']);
  });

  it('give addresses by themselves, in each subnet, and names to links', () => {
    const networks = {
      both: { subnet: ['10.1.0.0/16', 'fd00:1::/64'], mtu: 9000 },
      six: { subnet: 'fd00:2::/64', isolated: true },
    };
    const { lab } = resolved({
      profiles: {
        n1: {
          networks: { both: { address: 'FD00:1::A', interface: 'uplink', gateway: '10.1.0.9' }, six: 'auto' },
          forwarding: true,
        },
      },
      networks,
    });
    expect(lab?.forwarding).toBe(true);
    expect(lab?.interfaces).toEqual([
      {
        network: 'both',
        device: 'uplink',
        addresses: [
          { subnet: '10.1.0.0/16', address: undefined },
          { subnet: 'fd00:1::/64', address: 'fd00:1::a' },
        ],
        gateways: ['10.1.0.9'],
      },
      { network: 'six', device: 'eth1', addresses: [{ subnet: 'fd00:2::/64', address: undefined }], gateways: [] },
    ]);
  });

  it('and "network" replace each other, the nearer one what was extended', () => {
    const file = {
      profiles: {
        joins: { extends: 'project', networks: { lab: 'auto' } },
        leaves: { extends: 'joins', network: 'internet' },
        apart: { extends: 'joins', namespaces: { net: 'host' } },
        back: { extends: 'apart', networks: { lab: 'auto' } },
        alone: { network: 'none', networks: { lab: 'auto' } },
        empty: { extends: 'joins', networks: {} },
      },
      networks: { lab: LAB },
    };
    const seen = (name: string) => {
      const { lab, network, namespaces } = resolved(file, name);
      return [lab !== undefined, network.mode, namespaces.net.kind];
    };
    expect(seen('joins')).toEqual([true, 'none', 'new']);
    expect(seen('leaves')).toEqual([false, 'internet', 'new']);
    expect(seen('apart')).toEqual([false, 'internet', 'host']);
    expect(seen('back')).toEqual([true, 'none', 'new']);
    expect(seen('alone')).toEqual([true, 'none', 'new']);
    expect(seen('empty')).toEqual([false, 'internet', 'new']);
    expect(overrideProfile(resolved(file, 'joins'), { network: 'none' }).lab).toBeUndefined();
  });

  it('are checked all at once, each with its place', async () => {
    const text = `{
  "profiles": {
    "out": { "networks": { "lab": "10.0.1.1/24" } },
    "wide": { "networks": { "lab": "10.0.0.1/16" } },
    "all": { "networks": { "lab": ["10.0.0.255", "fd00::1"] } },
    "one": { "networks": { "lab": "10.0.0.1" } },
    "two": { "networks": { "lab": { "address": "10.0.0.1/24", "gateway": "10.0.0.1" } } },
    "child": { "extends": "one", "hostname": "child" },
    "unknown": { "networks": { "lan": "auto" } },
    "links": { "networks": { "lab": { "interface": "e" }, "dmz": { "interface": "e", "address": ["10.9.0.2", "10.9.0.3"] } } },
    "modes": { "network": "internet", "networks": { "lab": "auto" } },
    "shared": { "namespaces": { "net": "host" }, "networks": { "lab": "auto" } },
    "long": { "networks": { "a-name-of-sixteen": "auto" } },
    "ipc": { "namespaces": { "ipc": "sandbox:db" }, "networks": { "lab": "auto" } },
    "text": { "networks": { "lab": "ten" } },
  },
  "networks": {
    "lab": { "subnet": "10.0.0.0/24" },
    "dmz": { "subnet": "10.9.0.0/24" },
    "odd": { "subnet": "10.5.0.1/24" },
    "lo": { "subnet": "10.6.0.0/24" },
    "sixteen-letters-": { "subnet": "10.7.0.0/24" },
    "none": {},
    "loop": { "subnet": "127.0.0.0/8", "mtu": 500 },
    "fours": { "subnet": ["10.10.0.0/24", "10.11.0.0/24"] },
  },
}`;
    await expect(said(text).toSorted(byPlace).join('\n')).toMatchFileSnapshot('golden/networks.txt');
  });

  it('with "internet" lead out by the last address of each subnet, which nobody else gets, unless a gateway is named', () => {
    const file = {
      profiles: {
        n1: { networks: { out: '10.0.0.1', more: 'auto' } },
        own: { networks: { out: { gateway: ['10.0.0.9'] } } },
        same: { networks: { out: { gateway: '10.0.0.254' } } },
        taken: { networks: { out: ['10.0.0.254', 'fd00::ffff:ffff:ffff:ffff'] } },
      },
      networks: {
        out: { subnet: ['10.0.0.0/24', 'fd00::/64'], internet: true },
        more: { subnet: '10.1.0.0/30', internet: true },
      },
    };
    const gatewaysOf = (name: string) => resolved(file, name).lab?.interfaces.map(({ gateways }) => gateways);
    expect(gatewaysOf('n1')).toEqual([['10.0.0.254', 'fd00::ffff:ffff:ffff:ffff'], []]);
    expect(gatewaysOf('own')).toEqual([['10.0.0.9', 'fd00::ffff:ffff:ffff:ffff']]);
    expect(gatewaysOf('same')).toEqual([['10.0.0.254', 'fd00::ffff:ffff:ffff:ffff']]);
    expect(said(JSON.stringify(file, undefined, 1)).map((one) => one.replace(/ \(10.*\)/, ''))).toEqual([
      '27:12: "10.0.0.254" cannot be used in the network "out": it is that of the hub, through which "internet" leads out.',
      '27:12: "fd00::ffff:ffff:ffff:ffff" cannot be used in the network "out": it is that of the hub, through which "internet" leads out.',
    ]);
  });

  it('have ports, of all of them together, and a link for these', () => {
    const networks = { lab: LAB, dmz: { subnet: '10.9.0.0/24' } };
    const interfaces = { lab: { publish: ['8080:80', 53], hostPorts: [5432] }, dmz: { publish: ['[::1]:90:90/udp'] } };
    const { network } = resolved({ profiles: { n1: { networks: interfaces } }, networks });
    expect(network).toEqual({
      mode: 'none',
      publish: [
        { address: '127.0.0.1', host: 8080, inside: 80, protocol: 'tcp' },
        { address: '127.0.0.1', host: 53, inside: 53, protocol: 'tcp' },
        { address: '::1', host: 90, inside: 90, protocol: 'udp' },
      ],
      hostPorts: [5432],
    });
    const file = (settings: object) => ({ profiles: { n1: { networks: { lab: settings } } }, networks });
    const [taken] = said(JSON.stringify(file({ interface: 'ports', hostPorts: [1] })));
    expect(taken).toContain('No link into a network can be called "ports" here');
    expect(said(JSON.stringify(file({ interface: 'ports' })))).toEqual([]);
    expect(said(JSON.stringify(file({ publish: ['80:0'] })))[0]).toContain('it must be a port such as 8080');
  });

  it('that overlap are said, and keep all of the file from being joined', () => {
    const file = {
      profiles: { n1: { networks: { b: 'auto' } } },
      networks: { a: { subnet: ['10.0.0.0/16', 'fd00::/64'] }, b: { subnet: '10.0.3.0/24' } },
    };
    expect(said(JSON.stringify(file))).toEqual([
      '1:115: The subnet 10.0.3.0/24 of "b" overlaps 10.0.0.0/16 of "a": a sandbox in both could not tell them apart. Change one of them.',
    ]);
    expect(() => resolved(file)).toThrow(ProblemError);
  });

  it('of another file are another lab', () => {
    const files = ['/a/sandboxes.json', '/b/sandboxes.json'].map((file, index) => ({
      file,
      text: JSON.stringify({
        profiles: { [`n${index}`]: { networks: { [`net${index}`]: 'auto', net0: 'auto' } } },
        networks: { [`net${index}`]: { subnet: `10.0.${index}.0/24` } },
      }),
      source: 'workspace' as const,
    }));
    expect(resolveProfile(loadProfiles(files), 'n0', CONTEXT).lab?.file).toBe('/a/sandboxes.json');
    expect(() => resolveProfile(loadProfiles(files), 'n1', CONTEXT)).toThrow(/networksApart/);
  });
});

function byPlace(one: string, other: string): number {
  const [a = [], b = []] = [one, other].map((text) => text.split(':').slice(0, 2).map(Number));
  return (a[0] ?? 0) - (b[0] ?? 0) || (a[1] ?? 0) - (b[1] ?? 0) || one.localeCompare(other);
}
