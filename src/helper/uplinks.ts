import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { messageOf } from '../model/message-of.ts';
import { formatSubnet, overlaps, withoutPrefix, type Subnet } from '../model/subnet.ts';
import {
  freeUplinkNumber,
  MOST_UPLINKS,
  parseUplinkSubnet,
  uplinkAddresses,
  uplinkLink,
  uplinkTable,
} from '../model/uplink.ts';
import { forwardingForUplinks, isForwarding, setForwarding } from '../network/forwarding.ts';
import { hostNetwork } from '../network/host-network.ts';
import { parseHostRoutes, READ_ADDRESSES, READ_ROUTES } from '../network/host-routes.ts';
import { MOST_TRACKED, uplinkRules } from '../network/uplink-rules.ts';
import type { HelperParams, HelperResults, UplinkState } from '../protocol/helper.ts';
import { hasLink, nameOf, noted, withNetwork, type OwnNetwork } from './links.ts';
import { networkNamespaceOf } from './network-namespaces.ts';
import { withPinned } from './pinned.ts';
import { requireProgram, run } from './programs.ts';
import { changeState, stateNames } from './run-folder.ts';
import type { Act, Verbs } from './serve.ts';
import { allNotes, fileOf, forwardingOf, hostInode, notesOf, type Note } from './uplink-notes.ts';

/**
 * The verbs that let a network of the user out through the host's own. What they make there is found by names that carry the user's
 * id and a number: a link, and a table of nft(8) that is there before the link and goes after it. Besides, the interfaces by which
 * packets leave forward them, where they did not.
 */
export function uplinkVerbs(uid: number): Verbs<'uplinks/add' | 'uplinks/list' | 'uplinks/delete'> {
  return {
    'uplinks/add': (wish, act) => {
      requireProgram('nft');
      // before anything is looked at: one whose rules are gone has its link and its route still
      changeState(uid, () => cleanUplinks(uid, act));
      const made = withNetwork(uid, wish.at, (network) => {
        // its user may have filled the table of routes, which must keep nobody else waiting
        requireNoWay(wish, network);
        return noted(uid, wish, network, () => connect(uid, wish, network));
      });
      const { link, forwarding } = made.uplink;
      act(`let ${nameOf(wish.at)} out as ${wish.subnet} through ${link}${whatForwards(forwarding)}`);
      return made;
    },
    'uplinks/list': () => ({
      uplinks: notesOf(uid).filter(isConnected).map(stateOf),
      forwarding: forwardingOf(allNotes()),
    }),
    'uplinks/delete': ({ at }, act) => {
      changeState(uid, () => {
        const found = notesOf(uid).filter((note) => isDeepStrictEqual(note.at, at));
        if (found.length === 0) throw new Error(`${nameOf(at)} has no way out that was made for user ${uid}`);
        found.forEach(undo);
      });
      act(`closed the way out of ${nameOf(at)}`);
      return null;
    },
  };
}

/**
 * Removes the ways out of networks that are gone, and what a killed helper has half made or half removed.
 * @throws Error with what could not be removed, when all others are.
 */
export function cleanUplinks(uid: number, act: Act): void {
  const failed = notesOf(uid)
    .filter((one) => !isWhole(one))
    .flatMap((note) => {
      const failure = failureOf(() => undo(note));
      if (failure !== undefined) return [messageOf(failure)];
      act(`removed what was left of the way out ${uplinkLink(note)}`);
      return [];
    });
  if (failed.length > 0) throw new Error(failed.join('; '));
}

type Wish = HelperParams<'uplinks/add'>;

function stateOf(note: Note): UplinkState {
  const { at, name, subnet, forwarding } = note;
  return { at, name, subnet, link: uplinkLink(note), table: uplinkTable(note), forwarding, ending: endingWith(note) };
}

/** What an uplink is made of: all that may be refused has been looked at before. */
interface Plan {
  readonly note: Note;
  readonly subnet: Subnet;
  readonly ways: readonly string[];
}

/** Under the lock: what is looked at first stays so. */
function connect(uid: number, wish: Wish, network: OwnNetwork): HelperResults['uplinks/add'] {
  const plan = planUplink(uid, wish);
  try {
    make(plan, network);
    return { uplink: stateOf(plan.note), dropped: dropsForwarded() };
  } catch (error) {
    const left = failureOf(() => undo(plan.note));
    throw left === undefined ? error : new Error([error, left].map(messageOf).join('; besides, '), { cause: error });
  }
}

/** @throws Error where its user or the host can have no more, with what to do. */
function planUplink(uid: number, wish: Wish): Plan {
  const subnet = requireSubnet(wish.subnet);
  const ways = requireWays(subnet);
  const number = requireNumber(uid);
  const notes = allNotes();
  const forwarding = forwardingForUplinks(ways, forwardingOf(notes));
  const sharing = notes.filter((note) => note.forwarding.some((way) => ways.includes(way)));
  const all = sharing.length > 0 ? sharing.every((note) => note.all) : isForwarding('all');
  return { note: { ...wish, uid, number, forwarding, all, host: hostInode() }, subnet, ways };
}

/** Each step can be undone by what is noted first. The kernel's table of connections is surely there only once rules need it. */
function make({ note, subnet, ways }: Plan, network: OwnNetwork): void {
  const link = uplinkLink(note);
  const { forwarding } = note;
  writeFileSync(fileOf(note), JSON.stringify(note), { flag: 'wx', mode: 0o400 });
  run('nft', [uplinkRules({ ...note, subnet }, { ...hostNetwork(), ways, forwarding }).join('\n')]);
  requireRoom(allNotes().length);
  makeLink(link, note.name, subnet, network);
  for (const one of [...forwarding, link]) setForwarding(one, true);
  openInside(note.name, subnet, network);
  ip(['link', 'set', 'dev', link, 'up']);
}

function requireSubnet(text: string): Subnet {
  const subnet = parseUplinkSubnet(text);
  if (subnet === undefined) throw new Error(`${text} is no private network`);
  return subnet;
}

/** The interfaces by which the host itself gets out. @throws Error where there are none, or the host has that subnet already. */
function requireWays(subnet: Subnet): readonly string[] {
  const { ways, taken } = parseHostRoutes(ip(READ_ROUTES), ip(READ_ADDRESSES));
  const clash = taken.find((one) => overlaps(one, subnet));
  if (clash) throw new Error(`this host has a route or an address in ${formatSubnet(clash)}: choose another subnet`);
  if (ways.length === 0) throw new Error('this host has no default route itself: connect it first');
  return ways;
}

function requireNoWay({ at }: Wish, network: OwnNetwork): void {
  if (network.ip(['-4', 'route', 'show', 'default']).trim() !== '')
    throw new Error(`${nameOf(at)} has a default route already: disconnect it, or delete that route`);
}

function requireNumber(uid: number): number {
  const taken = stateNames(uid, 'uplinks');
  const number = freeUplinkNumber((one) => taken.includes(String(one)));
  if (number === undefined) throw new Error(`user ${uid} has ${MOST_UPLINKS} ways out already: disconnect a network`);
  const link = uplinkLink({ uid, number });
  if (hasLink(ip, link)) throw new Error(`this host has a link ${link} already, which is not the helper's: delete it`);
  return number;
}

/**
 * Connections stay in the kernel's table, which is everybody's, for up to five days after a way out is closed: half of it is
 * never for ways out (nf_conntrack-sysctl of the kernel). One that has no end has room.
 */
function requireRoom(uplinks: number): void {
  const [count = 0, most = Infinity] = ['count', 'max']
    .map((what) => `/proc/sys/net/netfilter/nf_conntrack_${what}`)
    .map((file) => (existsSync(file) ? Number(readFileSync(file, 'latin1')) || undefined : undefined));
  const needed = 2 * (count + uplinks * MOST_TRACKED);
  if (needed > most)
    throw new Error(
      `the table of connections of this host has no room for one more way out: disconnect a network, or raise the sysctl net.netfilter.nf_conntrack_max from ${most} to ${needed}`,
    );
}

/** Whoever has the other end may rename and move it: the host's end is found by its own name. It speaks no IPv6. */
function makeLink(link: string, name: string, subnet: Subnet, { file }: OwnNetwork): void {
  run('ip', ['link', 'add', 'name', link, 'type', 'veth', 'peer', 'name', name, 'netns', '/proc/self/fd/3'], [file]);
  const ipv6 = `/proc/sys/net/ipv6/conf/${link}/disable_ipv6`;
  if (existsSync(ipv6)) writeFileSync(ipv6, '1');
  ip(['address', 'add', uplinkAddresses(subnet).gateway, 'dev', link]);
}

function openInside(name: string, subnet: Subnet, inside: OwnNetwork): void {
  const { gateway, address } = uplinkAddresses(subnet);
  inside.ip(['address', 'add', address, 'dev', name]);
  inside.ip(['link', 'set', 'dev', name, 'up']);
  inside.ip(['route', 'add', 'default', 'via', withoutPrefix(gateway), 'dev', name]);
}

/** The rules go last but one: until then they hold. Any step may have been done before. */
function undo(note: Note): void {
  const [link, table] = [uplinkLink(note), uplinkTable(note)];
  removeLink(link);
  for (const way of endingWith(note)) setForwarding(way, false);
  if (hasTable(table)) run('nft', [`delete table inet ${table}`]);
  rmSync(fileOf(note), { force: true });
}

/** What forwards for it alone. Where all interfaces forward by now, somebody else has wanted that since. */
function endingWith(note: Note): readonly string[] {
  if (!note.all && isForwarding('all')) return [];
  const others = allNotes().filter((other) => fileOf(other) !== fileOf(note) && isThere(other));
  const shared = forwardingOf(others);
  return note.forwarding.filter((way) => isForwarding(way) && !shared.includes(way));
}

/** It goes at any moment where its network has just ended. */
function removeLink(link: string): void {
  const deleted = succeeds(() => ip(['link', 'delete', 'dev', link, 'type', 'veth']));
  if (!deleted && hasLink(ip, link)) throw new Error(`the link ${link} could not be deleted`);
}

/** Its rules are gone where a firewall was loaded anew. */
function isWhole(note: Note): boolean {
  return isConnected(note) && hasTable(uplinkTable(note));
}

/** Of a network that is there, with its link: also one without rules, so that it can be disconnected. */
function isConnected(note: Note): boolean {
  return isThere(note) && hasLink(ip, uplinkLink(note));
}

function isThere({ uid, at }: Note): boolean {
  return succeeds(() => ('netns' in at ? networkNamespaceOf(uid, at.netns) : withPinned(at, () => undefined)));
}

function hasTable(table: string): boolean {
  return succeeds(() => run('nft', ['list', 'table', 'inet', table]));
}

function succeeds(work: () => unknown): boolean {
  return failureOf(work) === undefined;
}

function failureOf(work: () => unknown): unknown {
  try {
    work();
    return undefined;
  } catch (error) {
    return error;
  }
}

/** Whether another table lets nothing through unless a rule of its own does: firewalld's says so in its last rule, by no policy. */
function dropsForwarded(): boolean {
  return /hook forward .*policy drop|^table inet firewalld /m.test(run('nft', ['list', 'chains']));
}

/** Runs ip(8) in the host's network. */
function ip(args: readonly string[]): string {
  return run('ip', args);
}

function whatForwards(forwarding: readonly string[]): string {
  return forwarding.length === 0 ? '' : `, for which ${forwarding.join(', ')} forwards`;
}
