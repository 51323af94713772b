import { requireProgram } from '../../host/programs.ts';
import { parseAnswers, type NetworkAnswer } from './answers.ts';
import { inTurn } from './in-turn.ts';
import { runWithFiles } from './run.ts';
import { readNetworksArguments } from './script.ts';
import type { NetworkReading } from './wiring.ts';

/** A network namespace that is held open while it is read. */
export interface OpenNetwork {
  readonly inode: number;
  /** Its descriptor. */
  readonly file: number;
  /** How it is entered: as root as it is; by the owner of its user namespace, of which this is a descriptor; or one is in it. */
  readonly by: 'root' | 'here' | { readonly user: number };
}

/** One process for all that root enters, and one for each other. */
interface Reader {
  readonly networks: readonly OpenNetwork[];
  readonly enter: readonly string[];
  /** A descriptor of the user namespace to enter first. */
  readonly user: number | undefined;
}

/** The descriptors that a reader is given begin here; the first may be a user namespace. */
const FIRST = 4;
/** More would wait for processors. */
const AT_ONCE = 4;

/**
 * Reads networks from inside, in as few processes as possible.
 * @returns what was read, by inode; of those that refuse it, why.
 * @throws ProblemError `programMissing` without perl(1) or nsenter(1).
 */
export async function readNetworks(networks: readonly OpenNetwork[]): Promise<ReadonlyMap<number, NetworkReading>> {
  const readings = await inTurn(readersOf(networks), AT_ONCE, (reader) => runReader(reader, networks));
  return new Map(readings.flat());
}

function readersOf(networks: readonly OpenNetwork[]): readonly Reader[] {
  const byRoot = networks.filter(({ by }) => by === 'root');
  const others = networks.filter(({ by }) => by !== 'root');
  return [
    ...(byRoot.length > 0 ? [{ networks: byRoot, enter: [], user: undefined }] : []),
    ...others.map((network) => ({ networks: [network], ...enterBy(network, networks) })),
  ];
}

function enterBy(network: OpenNetwork, networks: readonly OpenNetwork[]): Pick<Reader, 'enter' | 'user'> {
  if (network.by === 'here' || network.by === 'root') return { enter: [], user: undefined };
  const net = `--net=/proc/self/fd/${descriptorOf(network, networks)}`;
  const enter = [requireProgram('nsenter'), '--user=/proc/self/fd/3', net, '--preserve-credentials', '--'];
  return { enter, user: network.by.user };
}

/** By which number a reader has a network: all are handed to each, so that they can be told apart in every one. */
function descriptorOf(network: OpenNetwork, networks: readonly OpenNetwork[]): number {
  return FIRST + networks.indexOf(network);
}

async function runReader(
  { networks, enter, user }: Reader,
  all: readonly OpenNetwork[],
): Promise<readonly (readonly [number, NetworkReading])[]> {
  const descriptors = all.map((_, at) => String(FIRST + at));
  const enterable = networks.map((network) => (network.by === 'root' ? String(descriptorOf(network, all)) : 'here'));
  const words = [...enter, requireProgram('perl'), ...readNetworksArguments(enterable, descriptors)];
  const { output, said } = await runWithFiles(words, [user ?? 'ignore', ...all.map(({ file }) => file)]);
  const inodes = new Map(all.map(({ inode }, at) => [FIRST + at, inode]));
  const answers = parseAnswers(output);
  return networks.map(({ inode }, at) => {
    const answer = answers.get(enterable[at] ?? '');
    return [inode, answer ? readingOf(answer, inodes) : { ...NOTHING, unread: said || 'it gave no answer' }];
  });
}

const NOTHING: NetworkReading = { interfaces: [], numbers: new Map(), unread: undefined };

/** Readings of what a script has printed that was given networks as descriptors from `first` up, each to enter. */
export function readingsOf(
  output: string,
  inodes: readonly number[],
  first: number,
): ReadonlyMap<number, NetworkReading> {
  const byDescriptor = new Map(inodes.map((inode, at) => [first + at, inode]));
  return new Map(
    [...parseAnswers(output)].map(([descriptor, answer]) => [
      byDescriptor.get(Number(descriptor)) ?? 0,
      readingOf(answer, byDescriptor),
    ]),
  );
}

function readingOf(
  { interfaces, numbers, unread }: NetworkAnswer,
  inodes: ReadonlyMap<number, number>,
): NetworkReading {
  const known = [...numbers].map(([number, other]) => [number, inodes.get(Number(other)) ?? 0] as const);
  return { interfaces, numbers: new Map(known), unread };
}
