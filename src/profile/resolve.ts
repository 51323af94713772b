import { problem, type Problem } from '../model/problem.ts';
import type { BindMount, LimitKey, Limits, Profile, Rootfs } from '../model/profile.ts';
import { THROWAWAY } from './builtin.ts';
import type { Entry } from './catalog.ts';
import type { Path } from './document.ts';
import { makeExpander, type Expander, type ProfileContext, type Written } from './expand.ts';
import { parseLimit } from './limits.ts';
import type { FileProfile } from './schema.ts';

/** A profile and what it extends, the nearest first. */
export type Chain = readonly Entry[];

/** What the whole chain says, complete and expanded. Problems are reported, and the profile is then not to be used. */
export function resolveChain(
  entry: Entry,
  chain: Chain,
  context: ProfileContext,
  report: (problem: Problem) => void,
): Profile {
  const expander = makeExpander(context, report);
  const { name, source, settings } = entry;
  return {
    name,
    source,
    description: descriptionOf(settings),
    hostname: latest(chain, 'hostname')?.value ?? hostnameOf(name),
    rootfs: rootfsOf(chain, expander),
    ...workspaceOf(name, chain, context, report),
    home: latest(chain, 'home')?.value ?? THROWAWAY.home,
    tools: toolsOf(chain, expander),
    mounts: mountsOf(chain, expander),
    network: latest(chain, 'network')?.value ?? THROWAWAY.network,
    limits: limitsOf(chain),
    capabilities: latest(chain, 'capabilities')?.value ?? THROWAWAY.capabilities,
    time: { boottime: secondsOf(chain, 'boottime'), monotonic: secondsOf(chain, 'monotonic') },
    env: envOf(chain, expander),
    envPass: latest(chain, 'envPass')?.value ?? THROWAWAY.envPass,
    cwd: insidePathOf(chain, 'cwd', expander),
    shell: insidePathOf(chain, 'shell', expander),
    lifetime: latest(chain, 'lifetime')?.value ?? THROWAWAY.lifetime,
  };
}

/** The line that a picker shows; a profile that has none says what it extends. */
export function descriptionOf(settings: FileProfile): string {
  return settings.description ?? `Extends ${settings.extends ?? 'throwaway'}`;
}

/** The root file system at an absolute path: an archive if the name says so. */
export function rootfsAt(path: string): Rootfs {
  return /\.(?:tar|tar\.gz|tgz|tar\.xz)$/.test(path)
    ? { kind: 'tar', path, sha256: undefined }
    : { kind: 'directory', path };
}

interface Said<Value> {
  readonly value: Value;
  readonly by: Entry;
}

/** What the nearest profile that sets a key says. */
function latest<Key extends keyof FileProfile>(
  chain: Chain,
  key: Key,
): Said<NonNullable<FileProfile[Key]>> | undefined {
  for (const by of chain) {
    const value = by.settings[key];
    if (value !== undefined) return { value, by };
  }
  return undefined;
}

function written(text: string, by: Entry, path: Path): Written {
  return { text, key: path.filter((part) => typeof part === 'string').at(-1) ?? '', place: by.place(path) };
}

/** The name as one label of hostname(7). */
function hostnameOf(name: string): string {
  const label = name.replace(/[^A-Za-z0-9]+/g, '-').slice(0, 63);
  return label.replace(/^-|-$/g, '') || 'sandbox';
}

function rootfsOf(chain: Chain, expander: Expander): Rootfs {
  const said = latest(chain, 'rootfs');
  if (!said || said.value === 'host') return { kind: 'host' };
  const { value, by } = said;
  if (typeof value === 'string') return rootfsAt(expander.hostPath(written(value, by, ['rootfs'])));
  const path = expander.hostPath(written(value.tar, by, ['rootfs', 'tar']));
  return { kind: 'tar', path, sha256: value.sha256?.toLowerCase() };
}

/** What a file asks for is meant. A built-in profile also serves a window without a folder; then the sandbox says what it lacks. */
function workspaceOf(
  profile: string,
  chain: Chain,
  context: ProfileContext,
  report: (problem: Problem) => void,
): Pick<Profile, 'workspace' | 'workspaceMissing'> {
  const { value = THROWAWAY.workspace, by } = latest(chain, 'workspace') ?? {};
  if (value === 'none' || context.workspaceFolder !== undefined) return { workspace: value, workspaceMissing: false };
  if (by && by.source !== 'builtin') report(problem('workspaceNeeded', { profile }, by.place(['workspace'])));
  return { workspace: 'none', workspaceMissing: true };
}

function toolsOf(chain: Chain, expander: Expander): readonly string[] {
  const said = latest(chain, 'tools');
  return said?.value.map((path, index) => expander.hostPath(written(path, said.by, ['tools', index]))) ?? [];
}

function mountsOf(chain: Chain, expander: Expander): readonly BindMount[] {
  const said = latest(chain, 'mounts');
  if (!said) return [];
  return said.value.map(({ bind, to, readOnly = false }, index) => ({
    bind: expander.hostPath(written(bind, said.by, ['mounts', index, 'bind'])),
    to: expander.insidePath(written(to, said.by, ['mounts', index, 'to'])),
    readOnly,
  }));
}

function limitsOf(chain: Chain): Limits {
  const limit = <Key extends LimitKey>(key: Key) => {
    const value = chain.find(({ settings }) => settings.limits?.[key] !== undefined)?.settings.limits?.[key];
    return parseLimit(key, value ?? 'max');
  };
  return {
    mode: limitsModeOf(chain),
    'memory.max': limit('memory.max'),
    'pids.max': limit('pids.max'),
    'cpu.max': limit('cpu.max'),
  };
}

/** Whoever sets a limit means it: a best effort must be said beside it, and is not inherited. */
function limitsModeOf(chain: Chain): Limits['mode'] {
  const nearest = chain.find(({ settings: { limits = {} } }) => Object.keys(limits).length > 0);
  return nearest?.settings.limits?.mode ?? 'strict';
}

function secondsOf(chain: Chain, clock: 'boottime' | 'monotonic'): number {
  return chain.find(({ settings }) => settings.time?.[clock] !== undefined)?.settings.time?.[clock] ?? 0;
}

function envOf(chain: Chain, expander: Expander): Readonly<Record<string, string>> {
  const nearest = new Map<string, Written>();
  for (const by of chain.toReversed()) {
    for (const [name, text] of Object.entries(by.settings.env ?? {}))
      nearest.set(name, written(text, by, ['env', name]));
  }
  return Object.fromEntries([...nearest].map(([name, value]) => [name, expander.text(value)]));
}

function insidePathOf(chain: Chain, key: 'cwd' | 'shell', expander: Expander): string | undefined {
  const said = latest(chain, key);
  return said && expander.insidePath(written(said.value, said.by, [key]));
}
