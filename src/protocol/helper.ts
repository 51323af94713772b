import { isIPv4, isIPv6 } from 'node:net';
import * as v from 'valibot';
import type { CgroupController, CgroupHierarchy, CgroupLayout } from '../model/cgroup.ts';
import { LIMIT_KEYS, limitRow, type LimitKey, type LimitValues } from '../model/limits/table.ts';
import { parseAddress } from '../model/subnet.ts';
import { parseUplinkSubnet } from '../model/uplink.ts';
import type { Snapshot } from './discovery.ts';

/** The contract between the window or the command line, as the user, and the helper, as root. */

/** The largest message the helper reads, in bytes. */
export const MAX_MESSAGE = 65_536;

/** How many sandboxes of one user the helper is told about in one message. */
export const MAX_NAMES = 1000;

/** Of a sandbox, and of a named network: no program takes it for an option, and in a path it leads nowhere else. */
export const ID = /^[a-z0-9][a-z0-9-]{0,31}$/;
const id = v.pipe(v.string(), v.regex(ID));
const count = (most: number): v.GenericSchema<number> =>
  v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(most));

/** A process by its number and when it started, in clock ticks after boot: it is no other one. */
const processTarget = { pid: count(2 ** 22), startTime: count(Number.MAX_SAFE_INTEGER) };
const process = v.strictObject(processTarget);
export type ProcessTarget = v.InferOutput<typeof process>;

/** Where a network is: in a sandbox, by a process in it, or by the name of a network namespace that was made for the user. */
const networkTarget = v.union([process, v.strictObject({ netns: id })]);
export type NetworkTarget = v.InferOutput<typeof networkTarget>;

/** At most 15 bytes (IFNAMSIZ of the kernel). */
const linkName = v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9-]{0,14}$/));
const address = v.pipe(v.string(), v.maxLength(64), v.check(isAddress, 'no address with a prefix length'));
const linkEnd = v.strictObject({ at: networkTarget, name: linkName, address: v.optional(address) });
export type LinkEnd = v.InferOutput<typeof linkEnd>;

const hostAddress = v.pipe(
  v.string(),
  v.maxLength(64),
  v.check((text) => parseAddress(text) !== undefined, 'no address'),
);

/** How many addresses are tried at once. */
export const MAX_ADDRESSES = 256;

function isAddress(text: string): boolean {
  const [, ip = '', length] = /^([0-9a-f.:]+)\/(\d{1,3})$/.exec(text) ?? [];
  return (isIPv4(ip) && Number(length) <= 32) || (isIPv6(ip) && Number(length) <= 128);
}

const uplinkSubnet = v.pipe(
  v.string(),
  v.maxLength(18),
  v.check((text) => parseUplinkSubnet(text) !== undefined, 'no private network of 4 to 256 addresses'),
);

/** A network of a user that gets out through the host's own. */
export interface UplinkState {
  readonly at: NetworkTarget;
  /** Of the interface in that network. */
  readonly name: string;
  readonly subnet: string;
  /** Of the interface in the host's network. */
  readonly link: string;
  /** The table of nft(8) with its rules. */
  readonly table: string;
  /** Interfaces of the host that forward only because of this uplink and others. */
  readonly forwarding: readonly string[];
  /** Of these, those that would not any more without this one. */
  readonly ending: readonly string[];
}

/** Ids inside a user namespace, and those outside that they stand for. */
const idRange = v.strictObject({ inside: idNumber(0), outside: idNumber(1), count: idNumber(1) });
const idRanges = v.pipe(v.array(idRange), v.minLength(1), v.maxLength(32));
export type IdRange = v.InferOutput<typeof idRange>;

function idNumber(least: number): v.GenericSchema<number> {
  return v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(2 ** 32 - 2));
}

/** As its kind says of each limit: bounded, and of devices only the numbers. */
const values = v.strictObject(
  Object.fromEntries(LIMIT_KEYS.map((key) => [key, v.optional(limitRow(key).kind.wire)])),
) as unknown as v.GenericSchema<LimitValues>;

const limits = v.pipe(
  values,
  v.check((given) => Object.values(given).some((value) => value !== undefined), 'no limit is given'),
);

/** The programs that the helper may run, as root or as its caller. */
export const HELPER_PROGRAMS = [
  'cat',
  'flock',
  'ip',
  'mount',
  'nft',
  'nsenter',
  'perl',
  'setpriv',
  'true',
  'umount',
  'unshare',
] as const;
export type HelperProgram = (typeof HELPER_PROGRAMS)[number];

const nothing = v.strictObject({});

/** The parameters of each verb, checked where they arrive; an unknown key is refused. */
export const HELPER_VERBS = {
  /** What this host is. */
  host: nothing,
  /** What the machine shows root of its processes and namespaces. */
  scan: nothing,
  /** Makes the cgroups of a sandbox with its limits. The user may then move own processes in (v1). */
  'limits/make': v.strictObject({ id, limits }),
  /** Moves a process of the user into the cgroups of a sandbox: v2 lets only root do it. */
  'limits/place': v.strictObject({ id, pid: count(2 ** 22) }),
  /** Sets other limits for a running sandbox; those that are not given stay. */
  'limits/set': v.strictObject({ id, limits }),
  /** Stops all processes of a sandbox. */
  'limits/freeze': v.strictObject({ id }),
  /** Lets them go on. */
  'limits/thaw': v.strictObject({ id }),
  /** Kills all processes of a sandbox. */
  'limits/kill': v.strictObject({ id }),
  /** Removes the cgroups of a sandbox that are empty. */
  'limits/remove': v.strictObject({ id }),
  /** Removes the empty cgroups of sandboxes of the user that have ended. */
  'limits/sweep': v.strictObject({ ended: v.pipe(v.array(id), v.maxLength(MAX_NAMES)) }),
  /** Makes a network namespace with a name, as `ip netns add` does. */
  'netns/add': v.strictObject({ name: id }),
  /** The names of those that were made for the user. */
  'netns/list': nothing,
  'netns/delete': v.strictObject({ name: id }),
  /** Joins two networks of the user by a veth pair, with an address at each end if one is given. */
  'links/add': v.strictObject({ ends: v.strictTuple([linkEnd, linkEnd]) }),
  'links/delete': v.strictObject({ at: networkTarget, name: linkName }),
  /** Gives a link of a network of the user one more address, or sets it up or down. */
  'links/set': v.strictObject({
    at: networkTarget,
    name: linkName,
    address: v.optional(address),
    up: v.optional(v.boolean()),
  }),
  /** Lets a network of the user out through the host's own: masqueraded, and to nothing that is near the host. */
  'uplinks/add': v.strictObject({ at: networkTarget, name: linkName, subnet: uplinkSubnet }),
  /** The networks of the user that are let out. */
  'uplinks/list': nothing,
  'uplinks/delete': v.strictObject({ at: networkTarget }),
  /** What root sees of the interfaces of every network, and by which numbers they know each other. */
  'networks/read': nothing,
  /** Sends one ICMP echo request to each address from a network of the user, and tries one TCP port of it. */
  'networks/reach': v.strictObject({
    at: networkTarget,
    addresses: v.pipe(v.array(hostAddress), v.minLength(1), v.maxLength(MAX_ADDRESSES)),
    port: v.optional(count(65_535)),
  }),
  /** Writes the id maps of a user namespace of the user, from the user's own ids and those of /etc/subuid and /etc/subgid. */
  'ids/map': v.strictObject({ at: process, uids: idRanges, gids: idRanges }),
  /** Makes a user namespace that the user owns, for a host where users may make none. It ends with the helper, or is killed by the user. */
  'namespaces/start': nothing,
  /** Removes what is left of networks that are gone, and what a killed helper has half made. */
  clean: nothing,
} as const;

export type HelperVerb = keyof typeof HELPER_VERBS;
export type HelperParams<Verb extends HelperVerb> = v.InferOutput<(typeof HELPER_VERBS)[Verb]>;

/** The folders of the limits that hold, and why the others do not. */
interface LimitsResult {
  readonly folders: Readonly<Partial<Record<LimitKey, string>>>;
  readonly refused: Readonly<Partial<Record<LimitKey, string>>>;
}

export interface HelperResults {
  host: {
    /** As `uname -r` prints it. */
    readonly kernel: string;
    readonly layout: CgroupLayout;
    readonly hierarchies: readonly CgroupHierarchy[];
    readonly controllers: readonly CgroupController[];
    /** The path of each program that root owns and nobody else can change. */
    readonly programs: Readonly<Record<HelperProgram, string | null>>;
  };
  scan: Snapshot;
  'limits/make': LimitsResult;
  'limits/place': null;
  'limits/set': LimitsResult;
  'limits/freeze': null;
  'limits/thaw': null;
  'limits/kill': null;
  'limits/remove': { readonly removed: boolean };
  'limits/sweep': null;
  'netns/add': null;
  'netns/list': { readonly names: readonly string[] };
  'netns/delete': null;
  'links/add': null;
  'links/delete': null;
  'links/set': null;
  /** And whether another table of the host drops what is forwarded unless it says otherwise. */
  'uplinks/add': { readonly uplink: UplinkState; readonly dropped: boolean };
  /** And what forwards only because of uplinks, of whomever. */
  'uplinks/list': { readonly uplinks: readonly UplinkState[]; readonly forwarding: readonly string[] };
  'uplinks/delete': null;
  /** Output of the scripts of network/wiring: of the one that reads, descriptors count from 3 in the order of `inodes`. */
  'networks/read': { readonly snapshot: Snapshot; readonly inodes: readonly number[]; readonly output: string };
  'networks/reach': { readonly output: string };
  'ids/map': null;
  /** A process in the namespace, which waits and does nothing else. */
  'namespaces/start': ProcessTarget;
  clean: null;
}

/** Notifications of the helper: that it has started, and one line for each privileged act. */
export const HELPER_READY = 'ready';
export const HELPER_ACT = 'act';

/** JSON-RPC error codes of refusals: the message says why. */
export const HELPER_REFUSED = -32_001;
