import type { Container } from '../model/container.ts';
import type { Process } from '../model/process.ts';

type ProcessOf = (pid: number) => Process | undefined;
type Kind = Container['kind'];

/** How each names its cgroups, the most telling first. The first group is the name; an id of 64 digits is cut to 12. */
const CGROUPS: readonly (readonly [Kind, RegExp])[] = [
  ['sandbox', /\/namespace-sandboxes\/(?:\d+\.)?([a-z0-9-]+)(?:\/|$)/],
  ['sandbox', /\/namespace-sandboxes-([a-z0-9-]+)\.scope(?:\/|$)/],
  ['docker', /\/docker[/-]([0-9a-f]{12})[0-9a-f]{52}(?:\.scope)?(?:\/|$)/],
  ['podman', /\/libpod-([0-9a-f]{12})[0-9a-f]{52}(?:\.scope)?(?:\/|$)/],
  ['cri-o', /\/crio-([0-9a-f]{12})[0-9a-f]{52}(?:\.scope)?(?:\/|$)/],
  ['containerd', /\/(?:cri-containerd|nerdctl)-([0-9a-f]{12})[0-9a-f]{52}(?:\.scope)?(?:\/|$)/],
  // The container runtime's own driver of cgroups: a pod, and in it the bare id.
  ['containerd', /\/kubepods[^/]*\/(?:[^/]+\/)*([0-9a-f]{12})[0-9a-f]{52}(?:\/|$)/],
  ['lxc', /\/lxc(?:\.payload)?[./]([^/]+)(?:\/|$)/],
  ['nspawn', /\/machine\.slice\/machine-([^/]+)\.scope(?:\/|$)/],
  ['nspawn', /\/systemd-nspawn@([^/]+)\.service(?:\/|$)/],
  ['flatpak', /\/app-flatpak-(.+)-\d+\.scope(?:\/|$)/],
];

/** The last folder of a service or scope of systemd.unit(5). */
const UNIT = /\/([^/]+\.(?:service|scope|socket|mount))(?=\/|$)(?!.*\/[^/]+\.(?:service|scope|socket|mount)(?:\/|$))/;

/** The container that paths of cgroups name. */
export function containerOfCgroups(cgroups: Process['cgroups']): Container | undefined {
  const paths = Object.values(cgroups);
  for (const [kind, pattern] of [...CGROUPS, ['systemd', UNIT] as const]) {
    for (const path of paths) {
      const [, name] = pattern.exec(path) ?? [];
      if (name !== undefined) return { kind, name: unescapeUnit(name) };
    }
  }
  return undefined;
}

/** Unit names hold other bytes as `\x2d` (systemd-escape(1)). */
function unescapeUnit(name: string): string {
  const bytes = name.replace(/\\x([0-9a-f]{2})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)));
  return bytes === name ? name : Buffer.from(bytes, 'latin1').toString('utf8');
}

/** PID 1 of a sandbox of ours carries its id as an argument of its own. */
const SANDBOX = /(?:^| )namespace-sandboxes:([a-z0-9-]+)(?: |$)/;

/** A process whose namespaces are no other's would never end up here, but a loop of parents must not hang either. */
const DEEPEST = 64;

/**
 * Which container a process is in: by its cgroup, else by an ancestor that is a sandbox's PID 1 or bwrap(1).
 * A unit of systemd is said only where nothing nearer is known.
 */
export function containerOf(process: Process, processOf: ProcessOf): Container | undefined {
  const byCgroup = containerOfCgroups(process.cgroups);
  return byCgroup && byCgroup.kind !== 'systemd' ? byCgroup : (containerOfAncestors(process, processOf) ?? byCgroup);
}

function containerOfAncestors(process: Process, processOf: ProcessOf): Container | undefined {
  let inside: Process = process;
  let one: Process | undefined = process;
  for (let depth = 0; one !== undefined && depth < DEEPEST; depth += 1) {
    const [, id] = SANDBOX.exec(one.command) ?? [];
    if (id !== undefined) return { kind: 'sandbox', name: id };
    if (one.comm === 'bwrap') return { kind: 'bwrap', name: inside.comm };
    inside = one;
    one = processOf(one.ppid);
  }
  return undefined;
}
