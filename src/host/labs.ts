import type { HostLine } from '../model/host.ts';
import { attempt } from './attempt.ts';
import { fix, installFix, settingFix } from './fixes.ts';
import { found, line, type Found } from './line.ts';
import { linksLine } from './network.ts';
import { lackingOf, PASTA_NEEDED } from './pasta.ts';
import { asRoot, findProgram } from './programs.ts';

/** What a lab needs: links, a hub whose root connects sandboxes by them, what may happen there, and its way to the internet. */
export async function labLines(asOwner: readonly string[]): Promise<readonly HostLine[]> {
  const links = await linksLine(asOwner);
  return links.status === 'ok' ? [links, ...(await linesOfHub(asOwner))] : [links];
}

async function linesOfHub(asOwner: readonly string[]): Promise<readonly HostLine[]> {
  const [labs, ...more] = await Promise.all([labLine(asOwner), ...conditionLines(asOwner), labInternetLine(asOwner)]);
  return labs.status === 'ok' ? [labs, ...more] : [labs];
}

const inHub = (asOwner: readonly string[], script: string): readonly string[] => [
  ...asOwner,
  ...['unshare', '--user', '--map-root-user', '--net', 'sh', '-euc', script],
];

/**
 * As a lab does it: the user namespace of the sandbox is a child of the hub's, whose root puts one end of a pair into it. It has to be
 * there until then, and no longer: it ends when nobody can read any more what it writes, however the other part has ended.
 */
const LAB = `ip link add bridge0 type bridge; ip link set bridge0 up
unshare --user --map-root-user --net sh -c 'echo $$; while sleep 0.05; do echo || exit; done 2>&-' | {
  read -r pid
  ip link add veth0 type veth peer name veth1 netns "$pid"; ip link set veth0 master bridge0 up
}`;

async function labLine(asOwner: readonly string[]): Promise<HostLine> {
  if (findProgram('flock') === undefined)
    return line('labs', 'missing', found('programMissing', { program: 'flock' }, installFix('flock')));
  const { ok, reason } = await attempt(inHub(asOwner, LAB));
  return ok ? line('labs', 'ok', found('labs', {})) : line('labs', 'missing', refusedLab(reason));
}

function refusedLab(reason: string): Found {
  const setting = { name: 'user.max_user_namespaces', value: '15000' };
  if (reason.includes('No space left'))
    return found('labsRefused', { reason }, settingFix(setting.name, setting.value));
  return found('labsRefused', { reason }); // no module is missing: the same links could be made without a hub
}

/** What a kernel may do to a link, with the module that has it and the keys of a network that need it. */
const CONDITIONS = [
  { kind: 'netem', words: 'delay 1ms', keys: ['delay', 'jitter', 'loss'] },
  { kind: 'tbf', words: 'rate 1mbit burst 32768 latency 50ms', keys: ['rate'] },
] as const;

function conditionLines(asOwner: readonly string[]): readonly Promise<HostLine>[] {
  return CONDITIONS.map(async ({ kind, words, keys }) => {
    const id = `link-${kind}`;
    if (findProgram('tc') === undefined)
      return line(id, 'missing', found('programMissing', { program: 'tc' }, installFix('tc')));
    const { ok, reason } = await attempt(inHub(asOwner, `tc qdisc add dev lo root ${kind} ${words}`));
    if (ok) return line(id, 'ok', found('linkConditions', { keys, kind }));
    const load = fix('loadModule', [asRoot(`modprobe sch_${kind}`)]);
    return line(id, 'missing', found('linkConditionsRefused', { keys, kind, reason }, load));
  });
}

/** What goes out of a hub has to seem to come from it: that the kernel can is tried beside the programs. */
const TRANSLATE = `nft 'table inet lab { chain translate { type nat hook postrouting priority srcnat; oifname "lo" masquerade; }; }'`;

async function labInternetLine(asOwner: readonly string[]): Promise<HostLine> {
  const id = 'lab-internet';
  const [pasta, nft] = [findProgram('pasta'), findProgram('nft')];
  if (pasta === undefined)
    return line(id, 'missing', found('labInternetMissing', { program: 'pasta' }, installFix('pasta')));
  if (nft === undefined) return line(id, 'missing', found('labInternetMissing', { program: 'nft' }, installFix('nft')));
  const option = await lackingOf(pasta);
  if (option !== undefined)
    return line(id, 'missing', found('labInternetTooOld', { program: 'pasta', option, needed: PASTA_NEEDED }));
  const { ok, reason } = await attempt(inHub(asOwner, TRANSLATE));
  if (ok) return line(id, 'ok', found('labInternet', {}));
  const load = fix('loadModule', [asRoot('modprobe --all nft_chain_nat nft_masq')]);
  return line(id, 'missing', found('labInternetRefused', { reason }, load));
}
