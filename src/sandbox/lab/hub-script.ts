import { SYSTEM_PATH } from '../../host/programs.ts';
import type { LabNetwork } from '../../model/lab.ts';
import { bridgeLines, type LinkHost } from '../../network/lab-links.ts';
import { closeHandedOn } from '../script/descriptors.ts';
import { mapOptions } from '../id-options.ts';
import { dropToShifted, idMapCommands, type IdPlan } from '../ids.ts';
import { shellWord, shellWords } from '../script/quote.ts';
import type { HubInternet } from './hub-internet.ts';

/** What the script of a lab is made of. */
export interface HubPlan {
  readonly file: string;
  readonly folder: string;
  readonly networks: readonly LabNetwork[];
  readonly ids: IdPlan;
  readonly host: LinkHost;
  /** Undefined where the sandbox that is started needs no way out. */
  readonly internet: HubInternet | undefined;
}

/**
 * The script of a lab, which the launcher of each of its sandboxes runs first. It finds the hub or makes it: a user and a
 * network namespace with a bridge for each network. It says `lab`, who the hub is and since when, reads which networks are
 * to be made and, where the sandbox needs a way out, who has one, says `made` where there was anything to do and reads a line,
 * lets others start, and keeps the hub from ending until its input ends.
 */
export function hubScript(plan: HubPlan): string {
  const parts = [...start(plan), ...hub(plan), ...internet(plan), ...networks(plan)];
  return [...prologue(plan), 'case ${1-} in', ...parts, NO_SUCH_PART, 'esac', ''].join('\n');
}

/** What is asked of it and not in it must not seem done. */
const NO_SUCH_PART = `*) echo "This script has no part $1." >&2; exit 1 ;;`;

function prologue({ file, folder }: HubPlan): readonly string[] {
  return [
    '#!/bin/sh',
    `# The lab of ${printable(file)}: networks between its sandboxes, without root.`,
    'set -eu; umask 022; cd /',
    `export LC_ALL=C PATH=${SYSTEM_PATH.join(':')}`,
    `folder=${shellWord(folder)}`,
    '',
    '# A gate says where the script is and waits for the launcher; end of file ends it.',
    'gate() { echo "$1"; read -r _; }',
    '# A process is there if it is still the one that it was and has not ended: proc_pid_stat(5), fields 3 and 22.',
    'started_at() { [ "$1" != Z ] || return; shift 19; started=$1; }',
    'is_since() { read -r stat <"/proc/$1/stat" && started_at ${stat##*) } && [ "$started" = "$2" ]; }',
    'is_there() { read -r pid since <"$folder/hub/pid" && is_since "$pid" "$since"; } 2>/dev/null',
    'is_out() { read -r way begun <"$folder/hub/way-out" && is_since "$way" "$begun"; } 2>/dev/null',
    '',
  ];
}

function start(plan: HubPlan): readonly string[] {
  const { ids } = plan;
  const unshare = [...dropToShifted(ids), 'unshare', '--user', ...mapOptions(ids), '--net', '--', 'sh'];
  const enter = [...dropToShifted(ids), 'nsenter'];
  return [
    "'')",
    ...closeHandedOn([0, 1, 2], true).map((line) => `  ${line}`),
    '  # One start at a time. The hub ends when nobody has the second lock any more: this script, and then each sandbox, flock(2).',
    '  exec 7>>"$folder/starting" 8>>"$folder/alive"',
    '  flock --shared 8 & flock 7; wait $!',
    '  if ! is_there; then',
    '    # The namespaces of the hub: those of its sandboxes are made in its user namespace, so that root of it may connect them.',
    '    # What leads out of one that was killed ends with it, also where nobody waits for that.',
    `    ! is_out || ${killing(ids)}`,
    '    rm -f "$folder/hub/pid" "$folder/hub/way-out" "$folder/said" "$folder/go"; mkfifo -m 600 "$folder/said" "$folder/go"',
    `    setsid ${shellWords(unshare)} "$0" hub <"$folder/go" >"$folder/said" 7>&- 8>&- &`,
    '    exec 3>"$folder/go" 4<"$folder/said"; rm -f "$folder/said" "$folder/go"; read -r pid <&4',
    ...idMapCommands(ids).map((line) => `    ${line}`),
    '    echo go >&3; read -r _ <&4; exec 3>&- 4<&-; is_there',
    '  fi',
    '  echo "lab $pid $since"; read -r networks',
    `  in_hub() { ${shellWords(enter)} --target "$pid" --user --net --preserve-credentials -- sh "$0" "$@"; }`,
    ...leadOut(plan),
    '  [ ! "$networks" ] || in_hub networks $networks',
    plan.internet === undefined ? '  [ ! "$networks" ] || gate made' : '  gate made',
    '  exec 7>&-; read -r _ ;;',
  ];
}

/** As whom the hub runs, who has written the number. */
function killing(ids: IdPlan): string {
  const drop = dropToShifted(ids);
  return drop.length === 0 ? 'kill "$way"' : `${shellWords([...drop, 'sh', '-c'])} 'kill "$1"' sh "$way"`;
}

/** The rules come first, then the way out, and the bridges last: so nothing passes that they do not know, nor is half of it left. */
function leadOut({ internet: way, ids }: HubPlan): readonly string[] {
  if (way === undefined) return [];
  // While this machine is offline it has no addresses that rules could close: those of a way out that is there stay.
  const unless = way.command === undefined ? 'is_out || ' : '';
  const rules = ['  # What may leave the hub, before anything can.', `  read -r wires; ${unless}in_hub rules $wires`];
  if (way.command === undefined) return rules;
  const drop = shellWords([...dropToShifted(ids), 'sh']);
  return [
    ...rules,
    '  if ! is_out; then',
    '    rm -f "$folder/answer"; mkfifo -m 600 "$folder/answer"',
    `    ${drop} "$0" internet "$pid" >"$folder/answer" </dev/null 7>&- 8>&- &`,
    '    exec 4<"$folder/answer"; rm -f "$folder/answer"; read -r _ <&4; exec 4<&-',
    '  fi',
  ];
}

/** One process at rest. What it removes is removed while nobody else can have the lock. */
function hub({ host: { ipv6 } }: HubPlan): readonly string[] {
  return [
    '# In the hub, as root of it. It passes nothing on by itself, ip(7), ipv6(7), and takes no routes from anybody. It waits until nobody',
    '# has the lock, and ends. Who must not outlast it waits for a lock of its own.',
    'hub)',
    '  read -r pid _ </proc/self/stat; echo "$pid"; read -r _; ip link set lo up',
    ...forwarding(0, ipv6),
    ...(ipv6 ? ['  echo 0 >/proc/sys/net/ipv6/conf/default/accept_ra'] : []),
    '  rm -f "$folder/hub/there"; exec 9>"$folder/hub/there"; flock 9',
    '  read -r stat </proc/self/stat; started_at ${stat##*) }; echo "$pid $started" >"$folder/hub/pid"; echo up',
    '  exec </dev/null >/dev/null 2>&1; exec flock "$folder/alive" rm -f "$folder/hub/pid" ;;',
  ];
}

function forwarding(value: 0 | 1, ipv6: boolean): readonly string[] {
  const six = ipv6 ? `; echo ${value} >/proc/sys/net/ipv6/conf/all/forwarding` : '';
  return [`  echo ${value} >/proc/sys/net/ipv4/ip_forward${six}`];
}

function internet({ internet: way, host }: HubPlan): readonly string[] {
  if (way === undefined) return [];
  return [...rules(way, host), ...(way.command === undefined ? [] : wayOut(way.command))];
}

/** What goes from one sandbox to another on one bridge is no packet of the hub's, whatever the machine's own bridges do. */
function rules({ filter }: HubInternet, { ipv6 }: LinkHost): readonly string[] {
  return [
    '# In the hub: nothing of this machine, its links or a metadata address can be asked through it, nor one network through',
    '# another, nft(8). What stays on its bridge is none of that (br_netfilter of the kernel). Only then does it pass packets on. It',
    '# answers for an address only on its own bridge, and uses those of its way out at once (ip-sysctl of the kernel).',
    'rules)',
    '  shift; for calls in /proc/sys/net/bridge/bridge-nf-call-*; do [ ! -e "$calls" ] || echo 0 >"$calls"; done',
    '  {',
    "    cat <<'END'",
    ...filter,
    'END',
    '    while [ $# -gt 0 ]; do echo "add rule inet lab wires iifname \\"$1\\" $2 saddr $3 accept"; shift 3; done',
    "  } | nft -f - || { echo 'no network' >&2; exit 1; }",
    '  echo 1 >/proc/sys/net/ipv4/conf/all/arp_ignore',
    ...(ipv6 ? ['  echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad'] : []),
    ...forwarding(1, ipv6),
    '  ;;',
  ];
}

/** As the part of a start script that does the same for one sandbox, which says why its number comes through a pipe. */
function wayOut(command: readonly string[]): readonly string[] {
  return [
    '# The way to the internet, without root: pasta(1) carries packets of the hub through sockets of an ordinary user, and ends with it.',
    'internet)',
    `  ${shellWords(command)} --pid /proc/self/fd/1 "$2" | {`,
    "    read -r way || { echo 'no network' >&2; exit 1; }",
    '    read -r stat <"/proc/$way/stat"; started_at ${stat##*) }; begun=$started',
    '    echo "$way $begun" >"$folder/hub/way-out"; echo up; exec >/dev/null 2>&1',
    '    flock --shared "$folder/hub/there" true; ! is_since "$way" "$begun" || kill "$way"',
    '  } &',
    '  exit ;;',
  ];
}

function networks({ networks: all, host }: HubPlan): readonly string[] {
  return [
    '# A bridge for each network, ip-link(8). The hub has an address only in one that it leads out of.',
    'networks)',
    '  shift',
    '  lines=$(for network do case $network in',
    ...all.map(
      (network) =>
        `    ${network.name}) ip link show dev ${network.name} >/dev/null 2>&1 || printf '%s\\n' ${bridgeLines(network, host).map(shellWord).join(' ')} ;;`,
    ),
    '    *) echo "This script has no network $network." >&2; exit 1 ;;',
    `  esac; done); printf '%s\\n' "$lines" | ip -batch - ;;`,
  ];
}

const printable = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?');
