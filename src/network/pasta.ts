import { execa } from 'execa';
import { requireProgram } from '../host/programs.ts';
import { fail } from '../model/problem.ts';
import type { Network, PublishedPort } from '../model/profile.ts';

/** pasta(1) of this host, with the options that it knows. */
export interface Pasta {
  readonly program: string;
  readonly options: ReadonlySet<string>;
}

/** What every version must know. */
const NEEDED = ['--config-net', '--no-map-gw', '--dns-forward'] as const;

/** @throws ProblemError `programMissing`, `programTooOld`. */
export async function requirePasta(): Promise<Pasta> {
  const program = requireProgram('pasta');
  const options = await optionsOf(program);
  const missing = NEEDED.find((option) => !options.has(option));
  if (missing !== undefined) fail('programTooOld', { program: 'pasta', found: `without ${missing}`, needed: '2023' });
  return { program, options };
}

/** Versions differ, and carry no number that could be compared: the program itself says what it knows. */
async function optionsOf(program: string): Promise<ReadonlySet<string>> {
  const { all } = await execa(program, ['--help'], { all: true, reject: false, stdin: 'ignore' });
  return new Set(all.match(/--[a-z][a-z0-9-]+/g));
}

/**
 * The words after `pasta` that connect a network namespace: no port but those that the profile names, and no address that
 * stands for this machine.
 */
export function pastaArguments(network: Network, { options }: Pasta, resolvers: readonly string[]): readonly string[] {
  const { publish, hostPorts } = network;
  const of = (protocol: PublishedPort['protocol']): readonly PublishedPort[] =>
    publish.filter((port) => port.protocol === protocol);
  return [
    ...['--quiet', '--config-net', '--no-map-gw'],
    // Newer versions lead what comes from the host's loopback to the other address otherwise.
    ...(options.has('--host-lo-to-ns-lo') ? ['--host-lo-to-ns-lo'] : []),
    ...resolvers.flatMap((address) => ['--dns-forward', address]),
    ...forwarded('--tcp-ports', of('tcp').map(specification)),
    ...forwarded('--udp-ports', of('udp').map(specification)),
    ...forwarded('--tcp-ns', hostPorts.map(String)),
    ...forwarded('--udp-ns', []),
  ];
}

/** Without a word it would forward every port that is listened on. */
function forwarded(option: string, ports: readonly string[]): readonly string[] {
  return ports.length === 0 ? [option, 'none'] : ports.flatMap((port) => [option, port]);
}

const specification = ({ address, host, inside }: PublishedPort): string => `${address}/${host}:${inside}`;
