import * as v from 'valibot';
import { problem, type Place, type Problem } from '../model/problem.ts';
import type { ProfileSource } from '../model/profile.ts';
import { BUILTIN_PROFILES } from './builtin.ts';
import { check } from './check.ts';
import { readNetworks, type FileNetworks } from './networks.ts';
import { readDocument, type JsonDocument, type Located, type Part, type Path } from './document.ts';
import { namedAddresses, sameAddresses } from './resolve-lab.ts';
import { fileSchema, profileSchema, type FileProfile } from './schema.ts';
import { anyObject, mapOf } from './schema-parts.ts';

/** The text of a file with profiles, and whose it is. */
export interface ProfileFile {
  readonly file: string;
  readonly text: string;
  readonly source: 'user' | 'workspace';
}

/** One profile as one file writes it; the catalog has them in the order in which they replace each other. */
export interface Entry {
  readonly name: string;
  readonly source: ProfileSource;
  /** 0 is built in; each file is one more. A profile extends only those of its own layer or below. */
  readonly layer: number;
  /** What of it is right. */
  readonly settings: FileProfile;
  readonly problems: readonly Problem[];
  /** Where a key or value of it stands; nowhere for what is built in. */
  readonly place: (path: Path, part?: Part) => Place | undefined;
}

export interface Catalog {
  readonly entries: readonly Entry[];
  /** All that is wrong in the files, whether it hits a profile or not, in the order of the files. */
  readonly problems: readonly Problem[];
  readonly baseOf: BaseOf;
  /** The networks of each file. */
  readonly networks: readonly FileNetworks[];
}

/** The profile that another extends, or undefined at the end of the chain and for a name that there is not. */
type BaseOf = (entry: Entry) => Entry | undefined;

const FILE = fileSchema(v.unknown());
const PROFILES = v.object({ profiles: mapOf(v.string(), v.unknown()) });

const BUILTIN: readonly Entry[] = Object.entries(BUILTIN_PROFILES).map(([name, settings]) => ({
  name,
  source: 'builtin',
  layer: 0,
  settings,
  problems: [],
  place: () => undefined,
}));

/** Reads all files; never throws. */
export function makeCatalog(files: readonly ProfileFile[]): Catalog {
  const read = files.map((file, index) => readFile(file, index + 1));
  const raw = [...BUILTIN, ...read.flatMap((file) => file.entries)];
  const [baseProblems, addressProblems] = [makeBaseCheck(raw), sameAddresses(raw)];
  const entries = raw.map((entry) => ({
    ...entry,
    problems: [...entry.problems, ...baseProblems(entry), ...addressProblems(entry)],
  }));
  const problems = [...read.flatMap((file) => file.problems), ...entries.flatMap((entry) => entry.problems)];
  const networks = read.map((file) => file.networks);
  return { entries, problems: inOrder([...new Set(problems)], files), baseOf: makeBaseOf(entries), networks };
}

/** The profile that a window sees under a name. */
export function entryNamed(name: string, { entries }: Catalog): Entry | undefined {
  return entries.findLast((entry) => entry.name === name);
}

/** The profile, what it extends, and so on to the end, or to where the chain is broken. */
export function chainOf(entry: Entry, baseOf: BaseOf): readonly Entry[] {
  const chain = new Set<Entry>();
  for (let next: Entry | undefined = entry; next && !chain.has(next); next = baseOf(next)) chain.add(next);
  return [...chain];
}

/** The profiles that this one may extend, as it would find them. */
export function basesFor(entry: Entry, entries: readonly Entry[]): readonly Entry[] {
  const within = entries.filter(
    ({ name, layer }) => layer < entry.layer || (layer === entry.layer && name !== entry.name),
  );
  return [...new Map(within.map((one) => [one.name, one])).values()];
}

interface ReadFile {
  readonly entries: readonly Entry[];
  readonly networks: FileNetworks;
  readonly problems: readonly Problem[];
}

function readFile({ file, text, source }: ProfileFile, layer: number): ReadFile {
  const document = readDocument(file, text);
  const checked = document.value === undefined ? [] : check(FILE, document.value, [], document).problems;
  const located = [...document.problems, ...checked];
  const profiles = Object.entries(profilesIn(document.value));
  const networks = readNetworks(document, layer, located);
  const isTaken = (name: string) => source === 'workspace' && Object.hasOwn(BUILTIN_PROFILES, name);
  const entries = profiles
    .filter(([name]) => !isTaken(name))
    .map(([name, value]) => readEntry({ name, source, layer }, value, document, located));
  return {
    entries,
    networks: { ...networks, named: namedAddresses(entries) },
    problems: [
      ...located.map((one) => one.problem),
      ...networks.together,
      ...profiles.filter(([name]) => isTaken(name)).map(([name]) => protectedProblem(name, document)),
    ],
  };
}

function profilesIn(value: unknown): Readonly<Record<string, unknown>> {
  const file = v.safeParse(PROFILES, value);
  return file.success ? file.output.profiles : {};
}

function protectedProblem(name: string, document: JsonDocument): Problem {
  return problem('builtinProtected', { name }, document.place(['profiles', name], 'key'));
}

function readEntry(
  id: Pick<Entry, 'name' | 'source' | 'layer'>,
  value: unknown,
  document: JsonDocument,
  located: readonly Located[],
): Entry {
  const path = ['profiles', id.name];
  const { value: settings, problems } = check(profileSchema, value, path, document);
  return {
    ...id,
    settings: settings ?? withoutWrongKeys(value, problems),
    problems: [...located.filter((one) => hits(id.name, one)), ...problems].map((one) => one.problem),
    place: (below, part) => document.place([...path, ...below], part),
  };
}

/** A text that is not well-formed may say less than its author meant: then none of its profiles can be used. */
function hits(name: string, { path, problem: { code } }: Located): boolean {
  return code === 'profileFileSyntax' || (path[0] === 'profiles' && (path.length === 1 || path[1] === name));
}

/** What is left is checked further, so that all problems are said at once. */
function withoutWrongKeys(value: unknown, problems: readonly Located[]): FileProfile {
  const wrong = problems.map(({ path }) => path[2]);
  const right = (v.is(anyObject, value) ? Object.entries(value) : []).filter(([key]) => !wrong.includes(key));
  const result = v.safeParse(profileSchema, Object.fromEntries(right));
  return result.success ? result.output : {};
}

function makeBaseOf(entries: readonly Entry[]): BaseOf {
  const byName = new Map<string, Entry[]>();
  for (const entry of entries) byName.set(entry.name, [...(byName.get(entry.name) ?? []), entry]);
  return ({ name, layer, source, settings }) => {
    if (settings.extends === undefined) return source === 'builtin' ? undefined : entries[0];
    const highest = settings.extends === name ? layer - 1 : layer;
    return byName.get(settings.extends)?.findLast((entry) => entry.layer <= highest);
  };
}

function makeBaseCheck(entries: readonly Entry[]): (entry: Entry) => readonly Problem[] {
  const baseOf = makeBaseOf(entries);
  return (entry) => {
    const { extends: base } = entry.settings;
    if (base === undefined) return [];
    const chain = chainOf(entry, baseOf);
    const names = chain.map(({ name }) => name);
    if (chain.length === 1 && base !== entry.name) return [unknownProblem(base, entry, entries)];
    const isCircle = chain.length === 1 || baseOf(chain.at(-1) ?? entry) === entry;
    return isCircle ? [problem('extendsCycle', { chain: [...names, entry.name] }, entry.place(['extends']))] : [];
  };
}

function unknownProblem(name: string, entry: Entry, entries: readonly Entry[]): Problem {
  const known = basesFor(entry, entries).map((one) => one.name);
  return problem('unknownProfile', { name, known }, entry.place(['extends']));
}

function inOrder(problems: readonly Problem[], files: readonly ProfileFile[]): readonly Problem[] {
  const rank = ({ place }: Problem) => files.findIndex(({ file }) => file === place?.file);
  const line = ({ place }: Problem) => place?.line ?? 0;
  const column = ({ place }: Problem) => place?.column ?? 0;
  return problems.toSorted((a, b) => rank(a) - rank(b) || line(a) - line(b) || column(a) - column(b));
}
