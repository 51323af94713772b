import type { HostLine, MountOutcome } from '../model/host.ts';
import { mountFeatures } from './features.ts';
import { fix } from './fixes.ts';
import { found, line } from './line.ts';

/** What mount(8) does with its newer options. A sandbox does without, as well as that can be. */
export async function mountOptionLines(asOwner: readonly string[]): Promise<readonly HostLine[]> {
  const { readOnlyTree, idmap } = await mountFeatures(asOwner);
  return [
    optionLine('mount-read-only-tree', 'readOnlyTree', readOnlyTree),
    optionLine('mount-idmap', 'idmappedMount', idmap),
  ];
}

function optionLine(id: string, code: 'readOnlyTree' | 'idmappedMount', outcome: MountOutcome): HostLine {
  if (outcome === 'works') return line(id, 'ok', found(code, { outcome }));
  return line(id, 'limited', found(code, { outcome }, fix('upgradeUtilLinux')));
}
