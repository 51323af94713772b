import { parsePrefixed, subnetAround, type Subnet } from '../model/subnet.ts';

/** Words of ip(8) that print what parseHostRoutes() reads: the routes of all tables, and the addresses. */
export const READ_ROUTES = ['-json', '-4', 'route', 'show', 'table', 'all'] as const;
export const READ_ADDRESSES = ['-json', '-4', 'address', 'show'] as const;

/** What of IPv4 a host has already. */
export interface HostRoutes {
  /** The interfaces of its default routes. */
  readonly ways: readonly string[];
  /** Where its routes and addresses are. */
  readonly taken: readonly Subnet[];
}

/** Some write it as two halves, to put them before another default route. */
const EVERYWHERE: readonly string[] = ['default', '0.0.0.0/1', '128.0.0.0/1'];

/** Of an interface that can be named in rules, in paths and as an argument; by another one nothing leaves. */
const PLAIN_NAME = /^(?!\.{1,2}$)[\w.+][\w.+-]{0,14}$/;

interface Route {
  readonly dst?: string;
  readonly dev?: string;
  readonly nexthops?: readonly { readonly dev?: string }[];
}

interface Addressed {
  readonly addr_info?: readonly { readonly local?: string; readonly prefixlen?: number }[];
}

/** @throws SyntaxError where that is no JSON. */
export function parseHostRoutes(routes: string, addresses: string): HostRoutes {
  const all = listIn(routes) as readonly Route[];
  const own = (listIn(addresses) as readonly Addressed[]).flatMap(({ addr_info = [] }) => addr_info);
  const ways = all
    .filter(({ dst = '' }) => EVERYWHERE.includes(dst))
    .flatMap(({ dev, nexthops = [] }) => [dev, ...nexthops.map((one) => one.dev)])
    .filter((dev) => dev !== undefined && dev !== 'lo' && PLAIN_NAME.test(dev)) as string[];
  return {
    ways: [...new Set(ways)],
    taken: [
      ...all.map(({ dst }) => subnetOf(dst)),
      ...own.map(({ local, prefixlen }) => subnetOf(`${local ?? ''}/${prefixlen ?? ''}`)),
    ].filter((one) => one !== undefined),
  };
}

function listIn(json: string): readonly unknown[] {
  return json.trim() === '' ? [] : (JSON.parse(json) as readonly unknown[]);
}

function subnetOf(destination = ''): Subnet | undefined {
  const { address, bits = 32 } = parsePrefixed(destination) ?? {};
  return address === undefined || EVERYWHERE.includes(destination) ? undefined : subnetAround(address, bits);
}
