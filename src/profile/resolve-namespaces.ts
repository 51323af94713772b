import { problem, type Problem } from '../model/problem.ts';
import { NAMESPACE_TYPES, type NamespaceType } from '../model/namespace.ts';
import type { NamespaceChoice, Namespaces, Network, Profile, SandboxUser } from '../model/profile.ts';
import { THROWAWAY } from './builtin.ts';
import { latest, latestOf, type Chain } from './chain.ts';
import { parsePort } from './ports.ts';
import { networksSaid, portsOf } from './resolve-lab.ts';
import type { FileProfile } from './schema.ts';

type Report = (problem: Problem) => void;

/** The keys that mean nothing in a namespace that is not the sandbox's own. */
const BELONGING = [
  { type: 'net', keys: ['network', 'networks'] },
  { type: 'uts', keys: ['hostname', 'domainname'] },
  { type: 'time', keys: ['time'] },
] as const;

/** The namespace of each type. `"network": "host"` is the same as `"namespaces": { "net": "host" }`. */
export function namespacesOf(chain: Chain, report: Report): Namespaces {
  reportConflicts(chain, report);
  const choices = NAMESPACE_TYPES.map((type) => [type, choiceOf(chain, type)] as const);
  return Object.fromEntries(choices) as Record<NamespaceType, NamespaceChoice>;
}

function choiceOf(chain: Chain, type: NamespaceType): NamespaceChoice {
  const said = latestOf(chain, 'namespaces', type);
  if (type === 'net' && networksSaid(chain) !== undefined) return { kind: 'new' };
  if (type === 'net' && isNearer(chain, 'network', said?.by)) {
    return networkOf(chain).mode === 'host' ? { kind: 'host' } : { kind: 'new' };
  }
  return parseChoice(said?.value ?? 'new');
}

/** Whether a profile nearer than the other, or the other being absent, sets the key. */
function isNearer(chain: Chain, key: 'network', other: Chain[number] | undefined): boolean {
  const by = latest(chain, key)?.by;
  return by !== undefined && (other === undefined || chain.indexOf(by) < chain.indexOf(other));
}

function parseChoice(text: string): NamespaceChoice {
  if (text === 'new' || text === 'host') return { kind: text };
  const name = /^sandbox:(.+)$/.exec(text)?.[1];
  return name === undefined ? { kind: 'path', path: text } : { kind: 'sandbox', name };
}

/** In one profile they contradict each other; of two that extend each other the nearer one is meant. */
function reportConflicts(chain: Chain, report: Report): void {
  for (const { settings, place } of chain) {
    for (const { type, keys } of BELONGING) {
      const choice = settings.namespaces?.[type];
      if (choice === undefined) continue;
      const against = (key: keyof FileProfile): boolean =>
        choice !== 'new' || (key === 'network' && isHost(settings[key]));
      for (const key of keys.filter((one) => settings[one] !== undefined && against(one)))
        report(problem('conflictingKeys', { keys: [`namespaces.${type}`, key] }, place([key], 'key')));
    }
  }
}

function isHost(network: FileProfile['network']): boolean {
  return (typeof network === 'string' ? network : network?.mode) === 'host';
}

/** The network that the nearest profile asks for; what was extended is replaced whole, also by `networks`. */
export function networkOf(chain: Chain): Network {
  const joined = networksSaid(chain);
  if (joined !== undefined) return { mode: 'none', ...portsOf(joined.value) };
  const value = latest(chain, 'network')?.value ?? THROWAWAY.network;
  if (typeof value === 'string') return { mode: value, publish: [], hostPorts: [] };
  const { mode, publish = [], hostPorts = [] } = value;
  return { mode, publish: publish.map(parsePort).filter((port) => port !== undefined), hostPorts };
}

/** Ports lead through the program that gives the way out; the host's own network has its ports already. */
export function reportPorts(chain: Chain, report: Report): void {
  const said = latest(chain, 'network');
  if (said === undefined || typeof said.value === 'string' || said.value.mode === 'internet') return;
  for (const key of ['publish', 'hostPorts'] as const) {
    if ((said.value[key] ?? []).length === 0) continue;
    const keys = [`network.${key}`, `"mode": "${said.value.mode}"`];
    report(problem('conflictingKeys', { keys }, said.by.place(['network', key], 'key')));
  }
}

export function userOf(chain: Chain): SandboxUser {
  const value = latest(chain, 'user')?.value ?? 'root';
  return typeof value === 'number' ? { uid: value, gid: value } : value;
}

/** NIS and host names belong to the uts namespace; without an own one there is nothing to set. */
export function hostnameOf(name: string, chain: Chain): string {
  return latest(chain, 'hostname')?.value ?? labelOf(name);
}

/** The name as one label of hostname(7). */
function labelOf(name: string): string {
  const label = name.replace(/[^A-Za-z0-9]+/g, '-').slice(0, 63);
  return label.replace(/^-|-$/g, '') || 'sandbox';
}

export function timeOf(chain: Chain): Profile['time'] {
  const seconds = (clock: 'boottime' | 'monotonic'): number => latestOf(chain, 'time', clock)?.value ?? 0;
  return { boottime: seconds('boottime'), monotonic: seconds('monotonic') };
}
