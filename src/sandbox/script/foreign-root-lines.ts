import { dirname } from 'node:path';
import { becomeRoot } from '../identity.ts';
import { table } from './mount-lines.ts';
import { unlinkResolver } from './network-lines.ts';
import { overlayBinds, overlayMount } from '../overlays.ts';
import type { Plan } from '../plan.ts';
import { shellWord, shellWords } from './quote.ts';

/** A root file system that is not this machine's. Its overlay comes before the other mounts: only then can its links be seen. */
export function foreignRoot(plan: Plan): readonly string[] {
  const { overlays, layers, folder, profile } = plan;
  const root = overlays.slice(0, 1).map((overlay) => overlayMount(overlay, 0, folder));
  return [
    "# A private upper layer over the root file system: overlayfs (the kernel's overlayfs.rst).",
    ...(becomeRoot(plan.ids).length > 0 ? [`chown 0:0 ${shellWord(`${layers}/0/upper`)}`] : []),
    ...table([...overlayBinds(overlays, layers), ...root]),
    ...unlinkResolver(plan),
    '# A link in it must not lead a mount out of it.',
    `for part in ${shellWords(components([...allTargets(plan), PRELOAD]))}; do`,
    '  [ ! -L "$root$part" ] || { echo "refused: $part" >&2; exit 1; }',
    'done',
    "# Nor may it name a library that ld.so(8) loads into the host's tools while they still have every capability. Where that",
    '# file can be made it is hidden, and its folder is a mount, so that neither can be moved away; otherwise nobody inside can.',
    `pinned='' preload=$root${PRELOAD}`,
    `if mkdir -p "\${preload%/*}"; then`,
    `  pinned="\${preload%/*} \${preload%/*} none bind,${profile.readOnly ? 'ro' : 'rw'},nosuid,nodev 0 0"`,
    `  if [ -e "$preload" ] || true >>"$preload"; then pinned="$pinned`,
    `/dev/null $preload none bind,ro,nosuid,noexec 0 0"; fi`,
    'fi',
    '',
  ];
}

/** What this file names is loaded into every program that is started, ld.so(8). */
export const PRELOAD = '/etc/ld.so.preload';

function allTargets({ mounts }: Plan): readonly string[] {
  const entries = [...mounts.first, ...mounts.second, ...mounts.last].map(({ target }) => target);
  return [...entries, ...mounts.files, ...mounts.links.map((path) => dirname(path))];
}

/** Every folder on the way to each path, and the path itself, each once. */
function components(paths: readonly string[]): readonly string[] {
  const all = new Set<string>();
  for (const path of paths) {
    for (let part = path; part !== '/' && part !== '.'; part = dirname(part)) all.add(part);
  }
  return [...all].sort();
}
