import { addressLines, conditionsOf, pairLines } from '../../network/lab-links.ts';
import { dropToShifted } from '../ids.ts';
import type { Plan } from '../plan.ts';
import { shellWord } from '../script/quote.ts';

/**
 * Just before this process becomes the parent of PID 1: it keeps the lab from ending for as long as it is there, and starts
 * what waits in the hub for the network namespace.
 */
export function startJoining({ lab, ids }: Plan): readonly string[] {
  if (lab === undefined) return [];
  const drop = dropToShifted(ids).map(shellWord);
  const waiting = ['exec', ...drop, ...ENTER_HUB, '--net', 'sh', '"$0"', 'lab'].join(' ');
  return [
    `lab=${shellWord(lab.folder)}; ended() { echo 'The lab has ended.' >&2; exit 1; }`,
    '# The hub ends when nobody has this lock any more, flock(2).',
    'exec 8>>"$lab/alive"; flock --shared --nonblock 8 & locking=$!',
    'is_since() { shift 19; [ "$1" = "$since" ]; }',
    'read -r hub since <"$lab/hub/pid" && read -r stat <"/proc/$hub/stat" && is_since ${stat##*) } || ended',
    '# What will connect it waits in the hub until there is a network namespace.',
    'mkfifo -m 600 "$folder/joining" "$folder/joined"; exec 7<>"$folder/joining"; wait "$locking" || ended',
    `{ exec 7>&- 8>&-; rm -f "$folder/joining" "$folder/joined"; ${waiting}; } <"$folder/joining" >"$folder/joined" &`,
    'exec 9<"$folder/joined"',
  ];
}

const ENTER_HUB = ['nsenter', '--target', '"$hub"', '--preserve-credentials', '--user'];

/** Words, quoted already, that enter the user namespace of the hub: the new one is its child, and root of the hub may connect it. */
export function enterHub({ lab }: Pick<Plan, 'lab'>): readonly string[] {
  return lab === undefined ? [] : [...ENTER_HUB, '--'];
}

/** The part of the script that is in the hub. */
export function labPart({ lab }: Plan): readonly string[] {
  if (lab === undefined) return [];
  const conditions = conditionsOf(lab.interfaces, lab.networks).map(quoted).join(' ');
  return [
    '# In the hub of the lab, as root of it: one end of each pair into a bridge, the other one into the sandbox, veth(4).',
    'lab)',
    '  read -r pid || exit 0',
    `  printf '%s\\n' ${pairLines(lab.interfaces, lab.networks, lab.host).map(quoted).join(' ')} | ip -batch - >&2`,
    ...(conditions === '' ? [] : [`  printf '%s\\n' ${conditions} | tc -batch - >&2`]),
    '  echo joined; exit ;;',
  ];
}

/** The names of links and networks, and their addresses, hold nothing that a shell knows. */
const quoted = (line: string): string => `"${line}"`;

/** At the first gate: its number tells the hub which namespace to connect. */
export function tellLab({ lab }: Plan): string {
  return lab === undefined ? '' : ' echo "$pid" >&7; exec 7>&- 8>&-;';
}

/** Inside: as soon as the links are there, their addresses. */
export function linksInside({ lab }: Plan): readonly string[] {
  if (lab === undefined) return [];
  return [
    '# Its links into the lab as soon as they are there, ip-address(8).',
    "{ read -r _ <&9 || { echo 'no lab' >&2; exit 1; }",
    `  printf '%s\\n' ${addressLines(lab.interfaces).map(shellWord).join(' ')} | ip -batch -; } & linking=$!`,
    'exec 9<&-',
    ...forwarding(lab.forwarding, lab.host.ipv6),
  ];
}

/** A new network namespace has from the machine's own whether it forwards: said in any case (devconf_inherit_init_net). */
function forwarding(wanted: boolean, ipv6: boolean): readonly string[] {
  const value = wanted ? 1 : 0;
  return [
    `# It passes ${wanted ? 'packets' : 'no packets'} on from one network to another: ip(7), ipv6(7).`,
    `echo ${value} >/proc/sys/net/ipv4/ip_forward`,
    ...(ipv6 ? [`echo ${value} >/proc/sys/net/ipv6/conf/all/forwarding`] : []),
  ];
}
