import * as v from 'valibot';
import type { LabNetwork } from '../model/lab.ts';
import { problem, type Problem } from '../model/problem.ts';
import { overlaps, parseSubnet, type Subnet } from '../model/subnet.ts';
import type { JsonDocument, Located } from './document.ts';
import { labNetwork, networkName, type FileNetwork } from './schema-lab.ts';
import { anyObject } from './schema-parts.ts';

/** The networks that one file names: its lab. */
export interface FileNetworks {
  readonly file: string;
  readonly layer: number;
  /** Those that are right. */
  readonly networks: readonly LabNetwork[];
  /** By network, the addresses that the profiles of the file name. */
  readonly named: Readonly<Record<string, readonly string[]>>;
  /** What the schema finds wrong in others. */
  readonly wrong: readonly Located[];
  /** What shows only where several are looked at together. */
  readonly together: readonly Problem[];
}

/** Reads the networks of a file; `located` is what its schema finds wrong. */
export function readNetworks(
  document: JsonDocument,
  layer: number,
  located: readonly Located[],
): Omit<FileNetworks, 'named'> {
  const networks = written(document.value).map(asNetwork);
  const together = networks.flatMap((network, index) => overlapsOf(network, networks.slice(0, index), document));
  const wrong = located.filter(({ path }) => path[0] === 'networks');
  return { file: document.file, layer, networks, wrong, together };
}

function written(value: unknown): readonly (readonly [string, FileNetwork])[] {
  const all = v.is(anyObject, value) && v.is(anyObject, value.networks) ? Object.entries(value.networks) : [];
  return all.flatMap(([name, one]) => {
    const { success, output } = v.safeParse(labNetwork, one);
    return success && v.is(networkName, name) ? [[name, output] as const] : [];
  });
}

function asNetwork([name, written]: readonly [string, FileNetwork]): LabNetwork {
  const { subnet, mtu, isolated = false, internet = false, ...conditions } = written;
  return { name, subnets: typeof subnet === 'string' ? [subnet] : subnet, mtu, isolated, internet, conditions };
}

function overlapsOf(
  { name, subnets }: LabNetwork,
  before: readonly LabNetwork[],
  document: JsonDocument,
): readonly Problem[] {
  const place = document.place(['networks', name, 'subnet']);
  return before.flatMap((other) =>
    subnets.flatMap((subnet) => {
      const otherSubnet = other.subnets.find((one) => overlaps(subnetOf(one), subnetOf(subnet)));
      if (otherSubnet === undefined) return [];
      return problem('subnetsOverlap', { network: name, subnet, other: other.name, otherSubnet }, place);
    }),
  );
}

/** A text that the schema has taken. */
export function subnetOf(text: string): Subnet {
  return parseSubnet(text) ?? { version: 4, value: 0n, bits: 32 };
}
