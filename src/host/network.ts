import type { HostLine } from '../model/host.ts';
import { attempt } from './attempt.ts';
import { fix, installFix } from './fixes.ts';
import { found, line, type Found } from './line.ts';
import { asRoot, findProgram } from './programs.ts';

/** The programs that bring the internet into a network namespace without root, and keep this machine out of it. */
export function internetLine(): HostLine {
  const program = ['pasta', 'slirp4netns'].find((name) => findProgram(name) !== undefined);
  if (program !== undefined && findProgram('nft') === undefined)
    return line('internet', 'missing', found('filterMissing', {}, installFix('nft')));
  if (program === 'slirp4netns')
    return line('internet', 'limited', found('internetWithoutPorts', {}, installFix('pasta')));
  if (program !== undefined) return line('internet', 'ok', found('internet', { program }));
  return line('internet', 'missing', found('internetMissing', {}, installFix('pasta')));
}

/** The device that this program makes comes out of /dev/net/tun, opened by the owner of the sandbox (tuntap.rst of the kernel). */
export async function tunLine(asOwner: readonly string[]): Promise<HostLine> {
  const { ok, reason } = await attempt([...asOwner, 'sh', '-c', OPEN_TUN]);
  return ok ? line('tun', 'ok', found('tun', {})) : line('tun', 'missing', refusedTun(reason));
}

/** A redirection would make a file where there is none. */
const OPEN_TUN = '[ -c /dev/net/tun ] || { echo "it is not there" >&2; exit 1; }; : <>/dev/net/tun';

function refusedTun(reason: string): Found {
  if (reason.includes('Permission denied'))
    return found('tunClosed', {}, fix('openTun', [asRoot('chmod 0666 /dev/net/tun')]));
  return found('tunMissing', { reason }, fix('loadModule', [asRoot('modprobe tun')]));
}

/** What joins the networks of sandboxes: a pair of devices with one end in a bridge (ip-link(8)). */
const LINKS = `ip link add veth0 type veth peer name veth1 && ip link add bridge0 type bridge &&
ip link set veth1 master bridge0`;

export async function linksLine(asOwner: readonly string[]): Promise<HostLine> {
  const { ok, reason } = await attempt([
    ...asOwner,
    'unshare',
    '--user',
    '--map-root-user',
    '--net',
    'sh',
    '-c',
    LINKS,
  ]);
  if (ok) return line('links', 'ok', found('links', {}));
  return line(
    'links',
    'missing',
    found('linksRefused', { reason }, fix('loadModule', [asRoot('modprobe --all veth bridge')])),
  );
}
