import { SYSTEM_PATH } from '../../host/programs.ts';
import type { LabNetwork } from '../../model/lab.ts';
import { bridgeLines, type LinkHost } from '../../network/lab-links.ts';
import { closeHandedOn } from '../descriptors.ts';
import { mapOptions } from '../id-options.ts';
import { dropToShifted, idMapCommands, type IdPlan } from '../ids.ts';
import { shellWord, shellWords } from '../quote.ts';

/** What the script of a lab is made of. */
export interface HubPlan {
  readonly file: string;
  readonly folder: string;
  readonly networks: readonly LabNetwork[];
  readonly ids: IdPlan;
  readonly host: LinkHost;
}

/**
 * The script of a lab, which the launcher of each of its sandboxes runs first. It finds the hub or makes it: a user and a
 * network namespace with a bridge for each network. It says `lab`, who the hub is and since when, reads which networks are
 * to be made, says `made` where there are any and reads a line, lets others start, and keeps the hub from ending until its input ends.
 */
export function hubScript(plan: HubPlan): string {
  return [...prologue(plan), 'case ${1-} in', ...start(plan), ...hub(), ...networks(plan), 'esac', ''].join('\n');
}

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
    '# Its hub is there if that process is still the one that it was and has not ended: proc_pid_stat(5), fields 3 and 22.',
    'started_at() { [ "$1" != Z ] || return; shift 19; started=$1; }',
    'is_there() {',
    '  read -r pid since <"$folder/hub/pid" && read -r stat <"/proc/$pid/stat" && started_at ${stat##*) } && [ "$started" = "$since" ]',
    '} 2>/dev/null',
    '',
  ];
}

function start({ ids }: HubPlan): readonly string[] {
  const unshare = [...dropToShifted(ids), 'unshare', '--user', ...mapOptions(ids), '--net', '--', 'sh'];
  const enter = [...dropToShifted(ids), 'nsenter'];
  return [
    "'')",
    ...closeHandedOn().map((line) => `  ${line}`),
    '  # One start at a time. The hub ends when nobody has the second lock any more: this script, and then each sandbox, flock(2).',
    '  exec 7>>"$folder/starting" 8>>"$folder/alive"',
    '  flock --shared 8 & flock 7; wait $!',
    '  if ! is_there; then',
    '    # The namespaces of the hub: those of its sandboxes are made in its user namespace, so that root of it may connect them.',
    '    rm -f "$folder/hub/pid" "$folder/said" "$folder/go"; mkfifo -m 600 "$folder/said" "$folder/go"',
    `    setsid ${shellWords(unshare)} "$0" hub <"$folder/go" >"$folder/said" 7>&- 8>&- &`,
    '    exec 3>"$folder/go" 4<"$folder/said"; rm -f "$folder/said" "$folder/go"; read -r pid <&4',
    ...idMapCommands(ids).map((line) => `    ${line}`),
    '    echo go >&3; read -r _ <&4; exec 3>&- 4<&-; is_there',
    '  fi',
    '  echo "lab $pid $since"; read -r networks',
    '  if [ "$networks" ]; then',
    `    ${shellWords(enter)} --target "$pid" --user --net --preserve-credentials -- sh "$0" networks $networks; gate made`,
    '  fi',
    '  exec 7>&-; read -r _ ;;',
  ];
}

/** One process at rest. What it removes is removed while nobody else can have the lock. */
function hub(): readonly string[] {
  return [
    '# In the hub, as root of it. It waits until nobody has the lock, and ends.',
    'hub)',
    '  read -r pid _ </proc/self/stat; echo "$pid"; read -r _; ip link set lo up',
    '  read -r stat </proc/self/stat; started_at ${stat##*) }; echo "$pid $started" >"$folder/hub/pid"; echo up',
    '  exec </dev/null >/dev/null 2>&1; exec flock "$folder/alive" rm -f "$folder/hub/pid" ;;',
  ];
}

function networks({ networks: all, host }: HubPlan): readonly string[] {
  return [
    '# A bridge for each network, ip-link(8): it has no address in it itself, and passes nothing on from one to another.',
    'networks)',
    '  shift',
    '  for network do case $network in',
    ...all.map(
      (network) =>
        `    ${network.name}) ip link show dev ${network.name} >/dev/null 2>&1 || printf '%s\\n' ${bridgeLines(network, host).map(shellWord).join(' ')} ;;`,
    ),
    '  esac; done | ip -batch - ;;',
  ];
}

const printable = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?');
