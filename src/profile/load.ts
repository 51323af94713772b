import { resolve } from 'node:path';
import { problem, ProblemError, type Place, type Problem } from '../model/problem.ts';
import { isLimitKey, LIMIT_KEYS, type Limits } from '../model/limits/table.ts';
import { NETWORK_MODES, type Profile, type ProfileSource, type Rootfs } from '../model/profile.ts';
import { chainOf, entryNamed, makeCatalog, type Catalog, type Entry, type ProfileFile } from './catalog.ts';
import { shown } from './check.ts';
import type { ProfileContext } from './expand.ts';
import { parseLimit } from './limits.ts';
import { descriptionOf, resolveChain } from './resolve.ts';
import { rootfsAt } from './resolve-files.ts';

/** One profile that can be picked, also if something is wrong in it. */
export interface ProfileSummary {
  readonly name: string;
  readonly source: ProfileSource;
  readonly description: string;
  /** Where its name stands; undefined for a built-in one. */
  readonly place: Place | undefined;
}

export interface LoadedProfiles {
  /** Built-in ones, the user's, the workspace's; each name once. */
  readonly summaries: readonly ProfileSummary[];
  /** All that is wrong in the files, in their order. */
  readonly problems: readonly Problem[];
  /** What `resolveProfile` works on. */
  readonly catalog: Catalog;
}

/**
 * Reads the built-in profiles and the files, the user's before the workspace's. A later profile replaces an earlier one of
 * its name, except that a workspace cannot replace a built-in one. Never throws: what is wrong is in `problems`.
 */
export function loadProfiles(files: readonly ProfileFile[]): LoadedProfiles {
  const inTurn = (['user', 'workspace'] as const).flatMap((source) => files.filter((file) => file.source === source));
  const catalog = makeCatalog(inTurn);
  const seen = catalog.entries.filter((entry) => entryNamed(entry.name, catalog) === entry);
  return { summaries: seen.map(summaryOf), problems: catalog.problems, catalog };
}

/**
 * The profile with all it extends, defaults in, variables expanded, paths absolute.
 * @throws ProblemError with everything that is wrong in it: unknownProfile, workspaceNeeded, unknownVariable, wrongValue,
 * extendsCycle and the other codes of its file
 */
export function resolveProfile({ catalog, problems }: LoadedProfiles, name: string, context: ProfileContext): Profile {
  const entry = entryNamed(name, catalog);
  if (!entry) throw new ProblemError([unknown(name, catalog), ...problems.filter(isUnreadable)]);
  const chain = chainOf(entry, catalog.baseOf);
  const found = new Set(chain.flatMap((one) => one.problems));
  const profile = resolveChain(entry, chain, { context, networks: catalog.networks }, (one) => found.add(one));
  if (found.size > 0) throw new ProblemError([...found]);
  return profile;
}

/** All that is wrong in one of the files, also what shows only where a profile is to be used; in no order. */
export function problemsIn(
  file: string,
  { catalog, problems }: LoadedProfiles,
  context: ProfileContext,
): readonly Problem[] {
  const found: Problem[] = [...problems];
  for (const entry of catalog.entries) {
    if (entry.place([])?.file === file)
      resolveChain(entry, chainOf(entry, catalog.baseOf), { context, networks: catalog.networks }, (one) =>
        found.push(one),
      );
  }
  const here = found.filter(({ place }) => place?.file === file);
  return [...new Map(here.map((one) => [JSON.stringify(one), one])).values()];
}

/** What a command line changes of a profile. */
export interface Overrides {
  /** `host`, or a path, relative to the working directory of this process. */
  readonly rootfs?: string | undefined;
  /** Each as `memory.max=64M`. */
  readonly limits?: readonly string[] | undefined;
  /** `none`, `host` or `internet`, without the ports and networks that the profile names. */
  readonly network?: string | undefined;
}

/**
 * The profile with changes of a command line. A limit given there is meant: all limits are then strict.
 * @throws ProblemError unknownKey, wrongValue
 */
export function overrideProfile(profile: Profile, { rootfs, limits = [], network }: Overrides): Profile {
  return {
    ...profile,
    rootfs: rootfs === undefined ? profile.rootfs : rootfsGiven(rootfs),
    limits: limits.length === 0 ? profile.limits : { ...profile.limits, ...limitsGiven(limits), mode: 'strict' },
    ...(network === undefined ? {} : networkGiven(network, profile)),
  };
}

function networkGiven(text: string, { namespaces }: Profile): Pick<Profile, 'network' | 'namespaces' | 'lab'> {
  const mode = NETWORK_MODES.find((one) => one === text);
  if (mode === undefined) {
    const args = { key: '--network', value: shown(text), expected: 'none, host or internet' };
    throw new ProblemError(problem('wrongValue', args));
  }
  const net = { kind: mode === 'host' ? 'host' : 'new' } as const;
  return { network: { mode, publish: [], hostPorts: [] }, namespaces: { ...namespaces, net }, lab: undefined };
}

function rootfsGiven(text: string): Rootfs {
  return text === 'host' ? { kind: 'host' } : rootfsAt(resolve(text));
}

function summaryOf({ name, source, settings, place }: Entry): ProfileSummary {
  return { name, source, description: descriptionOf(settings), place: place([], 'key') };
}

function unknown(name: string, { entries }: Catalog): Problem {
  return problem('unknownProfile', { name, known: [...new Set(entries.map((entry) => entry.name))] });
}

/** Then the profile may be there all the same. */
function isUnreadable({ code }: Problem): boolean {
  return code === 'profileFileSyntax' || code === 'nestedTooDeep';
}

function limitsGiven(texts: readonly string[]): Partial<Limits> {
  const problems: Problem[] = [];
  const limits = texts.map((text) => {
    try {
      return limitGiven(text);
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      problems.push(...error.problems);
      return {};
    }
  });
  if (problems.length > 0) throw new ProblemError(problems);
  return limits.reduce<Partial<Limits>>((all, one) => ({ ...all, ...one }), {});
}

function limitGiven(text: string): Partial<Limits> {
  const [key = '', ...value] = text.split('=');
  if (value.length === 0) {
    const args = { key: '--limit', value: shown(text), expected: 'KEY=VALUE, such as memory.max=64M' };
    throw new ProblemError(problem('wrongValue', args));
  }
  if (!isLimitKey(key)) throw new ProblemError(problem('unknownKey', { key, known: LIMIT_KEYS }));
  return { [key]: parseLimit(key, value.join('=')) };
}
