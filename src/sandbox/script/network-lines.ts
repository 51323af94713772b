import { withoutPrefix } from '../../model/subnet.ts';
import { addressLine } from '../../network/lab-links.ts';
import { PORTS_LINK } from '../../network/pasta.ts';
import { isNew } from '../choices.ts';
import { dropToShifted } from '../ids.ts';
import { linksInside } from '../lab/lab-lines.ts';
import type { Plan } from '../plan.ts';
import { shellWord, shellWords } from './quote.ts';
import { RESOLVER, resolverOf, WAY_OUT_PID, type WayOut } from '../way-out.ts';

/**
 * Starts what waits outside for the network namespace, just before this process becomes the parent of PID 1.
 * Its input is a pipe of which this process alone keeps the other end: it closes when the sandbox ends, however that comes.
 */
export function startWayOut({ wayOut, ids }: Plan): readonly string[] {
  if (wayOut === undefined) return [];
  return [
    '# What will connect it to the internet starts outside, and ends when the pipe to it is closed: fifo(7).',
    'mkfifo -m 600 "$folder/lifeline" "$folder/answer"; exec 4<>"$folder/lifeline"',
    `{ exec 4>&-; rm -f "$folder/lifeline" "$folder/answer"; ${shellWords(['exec', ...dropToShifted(ids), 'sh'])} "$0" network; } <"$folder/lifeline" >"$folder/answer" &`,
    'exec 5<"$folder/answer"',
  ];
}

/** The part of the script that stays outside. What it starts runs as an ordinary user, in the background once it is up. */
export function wayOutPart({ wayOut }: Plan): readonly string[] {
  if (wayOut === undefined) return [];
  return wayOut.kind === 'slirp4netns' ? slirpPart(wayOut) : pastaPart(wayOut);
}

const WHAT_PASTA_IS = {
  pasta:
    '# The way to the internet, without root: pasta(1) carries packets of the sandbox through sockets of an ordinary user.',
  ports: '# Ports of this machine lead inside, and out, without root: pasta(1) listens there as an ordinary user.',
} as const;

/**
 * What AppArmor lets it write to is decided by the path of a file, and a pipe has none: so it says its number through one.
 * The sandbox may be gone, and its folder with it, while pasta starts: it has to be ended all the same.
 */
function pastaPart({ command, kind }: WayOut): readonly string[] {
  return [
    WHAT_PASTA_IS[kind === 'ports' ? kind : 'pasta'],
    'network)',
    '  read -r pid || exit 0; exec 6<&0',
    `  ${shellWords(command)} --pid /proc/self/fd/1 "$pid" 6<&- | {`,
    "    read -r pasta || { echo 'no network' >&2; exit 1; }",
    `    { echo "$pasta" >"$folder/${WAY_OUT_PID}"; } 2>/dev/null || :`,
    '    trap "" PIPE; echo up || :; exec >/dev/null 2>&1',
    '    read -r _ <&6 || read -r name <"/proc/$pasta/comm" || exit 0',
    '    case $name in pasta* | passt*) kill "$pasta" ;; esac',
    '  } &',
    '  exit ;;',
  ];
}

/** It stays in the foreground, ends when the pipe is closed that it gets as its descriptor 4, and says in 3 that it is up. */
function slirpPart({ command }: WayOut): readonly string[] {
  return [
    '# The way to the internet, without root: slirp4netns(1) carries packets of the sandbox through sockets of an ordinary user.',
    'network)',
    '  read -r pid || exit 0; ready=$folder/scratch/ready; mkfifo -m 600 "$ready"; exec 4<&0 6<>"$ready"',
    `  ${shellWords(command)} --ready-fd=3 --exit-fd=4 "$pid" eth0 3>"$ready" 6>&- >&2 & slirp=$!`,
    `  echo "$slirp" >"$folder/${WAY_OUT_PID}"; exec 7<"$ready" 6>&-; read -r up <&7 || [ "$up" ] || { echo 'no network' >&2; exit 1; }`,
    '  trap "" PIPE; echo up || :; exit ;;',
  ];
}

/** At the first gate: its number tells the way out which namespaces to connect. */
export function tellWayOut({ wayOut }: Plan): string {
  return wayOut === undefined ? '' : ' echo "$pid" >&4; exec 4>&-;';
}

/** A loopback device that is up; with a way out also what is not to be reached through it, and who answers for names. */
export function networkInside(plan: Plan): readonly string[] {
  if (!isNew(plan.profile, 'net')) return [];
  const links = plan.lab === undefined ? ['ip link set lo up & linking=$!'] : linksInside(plan);
  const names = resolverOf(plan);
  return [...links, ...filter(plan), ...(names === undefined ? [] : resolver(names.lines))];
}

function filter({ wayOut }: Plan): readonly string[] {
  if (wayOut === undefined) return [];
  return [
    wayOut.kind === 'ports'
      ? '# Through the link of the ports goes what answers, and nothing else: nft(8). Without net_admin and net_raw nobody inside gets past.'
      : '# Nothing of this machine, its links or a metadata address can be asked: nft(8). Without net_admin and net_raw nobody inside gets past.',
    "nft -f - <<'END' & filtering=$!",
    ...wayOut.filter,
    'END',
    '# ping(8) without net_raw: icmp(7).',
    "echo '0 0' >/proc/sys/net/ipv4/ping_group_range",
  ];
}

function resolver(lines: readonly string[]): readonly string[] {
  return [
    "# Names are asked of an address that the way out turns into the machine's own resolver: resolv.conf(5).",
    `printf '%s\\n' ${lines.map(shellWord).join(' ')} >"$folder/${RESOLVER}"`,
  ];
}

/** Whether its network needs more than a loopback device that is up. */
export function hasNetworkToWaitFor({ profile, wayOut, lab }: Plan): boolean {
  return isNew(profile, 'net') && (wayOut !== undefined || lab !== undefined);
}

/** Whatever was begun in the background has to be done, and done well. */
export function waitForNetwork(plan: Plan): readonly string[] {
  if (!isNew(plan.profile, 'net')) return [];
  const out = plan.wayOut === undefined ? [] : ['wait "$filtering"; read -r _ <&5; exec 5<&-'];
  return ['wait "$linking"', ...out, ...portsLink(plan)];
}

/** Its own address has a table of routes to itself, ip-rule(8). */
const TABLE = 7000;

/** Only once it is filtered: answers go back through it, wherever the other routes lead. */
function portsLink({ wayOut, lab }: Plan): readonly string[] {
  if (wayOut?.kind !== 'ports') return [];
  const { device, own, own6, address, address6 } = PORTS_LINK;
  const six = lab?.host.ipv6 === true;
  const lines = [
    // A link-local address at once, because pasta of 2023 takes an asker without one (RFC 4862) for this end of the link.
    ...(six ? [`link set dev ${device} addrgenmode none`] : []),
    ...[own, ...(six ? ['fe80::2/64', own6] : [])].map((one) => addressLine(one, device)),
    `link set dev ${device} up`,
    ...[address, ...(six ? [address6] : [])].map((via) => `route add default via ${via} dev ${device} table ${TABLE}`),
    `rule add from ${withoutPrefix(own)} table ${TABLE}`,
  ];
  return [
    '# The link of the ports: what comes from its own address goes through it, and nothing else, ip-rule(8).',
    `printf '%s\\n' ${lines.map(shellWord).join(' ')} | ip -batch -`,
    ...(six ? [`ip -6 rule add from ${withoutPrefix(own6)} table ${TABLE}`] : []),
  ];
}
