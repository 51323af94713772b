import { join } from 'node:path';
import { mayMount } from './capabilities.ts';
import type { Profile } from '../model/profile.ts';
import type { Identity } from './identity.ts';
import { isReadOnly, type MountEntry, type MountPlan } from './mounts.ts';
import { isWithin } from '../host/paths.ts';

/**
 * What of this machine is shown to a root inside who may mount. It is mounted first in a mount namespace of an outer user
 * namespace; what the sandbox takes from there keeps its flags, and stays together with what covers it
 * (mount_namespaces(7), "Restrictions on mount namespaces").
 */
export interface HeldMounts {
  /** The table of the outer mount namespace, whose targets are in the sandbox's own folder. */
  readonly outer: readonly MountEntry[];
  /** What is left to mount inside. */
  readonly inner: MountPlan;
  /** The mounts that root inside can neither undo nor evade. */
  readonly firm: ReadonlySet<MountEntry>;
}

/** The folder of a sandbox in which the outer mounts are. */
export const HELD = 'held';

/** Whether somebody inside could undo mounts that are the sandbox's own. Who is not root has no capability (`confinement.ts`). */
export function needsHeldMounts({ capabilities }: Pick<Profile, 'capabilities'>, { uid }: Identity): boolean {
  return mayMount(capabilities) && uid === 0;
}

/** Divides a plan into what is mounted outside and what can only be mounted inside; `folder` is the sandbox's own. */
export function holdMounts(mounts: MountPlan, folder: string): HeldMounts {
  const places = placesOf(mounts, folder);
  const outer = [...places].map(([entry, { path }]) => asOuter(entry, path, folder));
  const inside = (entries: readonly MountEntry[]): readonly MountEntry[] =>
    entries.flatMap((entry) => {
      const place = places.get(entry);
      if (place === undefined) return entry;
      return place.isTop ? takenFrom(entry, join(folder, place.path)) : [];
    });
  const { first, second, last } = mounts;
  const closed = new Set([...places].filter(([entry]) => isReadOnly(entry)).map(([, { path }]) => path));
  const firm = [...places].filter(([, { path, around }]) => path === around || closed.has(around));
  return {
    firm: new Set(firm.map(([entry]) => entry)),
    outer,
    inner: { ...mounts, first: inside(first), second: inside(second), last: inside(last) },
  };
}

interface Place {
  /** In the sandbox's folder. */
  readonly path: string;
  /** Whether what is there is taken inside by itself: else it comes with what is around it. */
  readonly isTop: boolean;
  /**
   * The path of the mount around it. What can be written there can be renamed together with what is mounted on it, by who
   * has detached all of it in a mount namespace of his own (rename(2), EBUSY).
   */
  readonly around: string;
}

/** Where each mount is made that is held. */
function placesOf({ first, second, last, files }: MountPlan, folder: string): ReadonlyMap<MountEntry, Place> {
  const places = new Map<MountEntry, Place>();
  const before: MountEntry[] = [];
  let tops = 0;
  for (const entry of [...first, ...second, ...last]) {
    const around = mountAround(entry.target, before);
    const place = around && places.get(around);
    // a file that has to be made is made inside
    if (ofMachine(entry, folder) && (place === undefined || files.includes(entry.target))) {
      const path = join(HELD, String(tops++));
      places.set(entry, { path, isTop: true, around: path });
    } else if (around !== undefined && place !== undefined && covers(entry, folder)) {
      const path = place.path + entry.target.slice(around.target.length);
      places.set(entry, { path, isTop: false, around: place.path });
    }
    before.push(entry);
  }
  return places;
}

/** The last one on the longest target. */
function mountAround(path: string, before: readonly MountEntry[]): MountEntry | undefined {
  const around = before.filter(({ target }) => isWithin(path, target));
  const deepest = Math.max(...around.map(({ target }) => target.length));
  return around.findLast(({ target }) => target.length === deepest);
}

/** Devices, which alone may be used as such, are real root's. */
function ofMachine(entry: MountEntry, folder: string): boolean {
  const { type, inside, options } = entry;
  const isBind = type === 'none' && inside !== true && !options.includes('remount');
  return isBind && options.includes('nodev') && !isOwn(entry, folder);
}

/** Whether a mount hides or closes something, and holds nothing of its own. */
function covers(entry: MountEntry, folder: string): boolean {
  return (entry.type === 'none' && !isOwn(entry, folder)) || (entry.type === 'tmpfs' && isReadOnly(entry));
}

/** What stands in the sandbox's folder is the sandbox's own, and need not be there yet. */
const isOwn = ({ source }: MountEntry, folder: string): boolean => isWithin(source, folder);

function asOuter(entry: MountEntry, path: string, folder: string): MountEntry {
  const source = entry.inside === true ? join(folder, path) : entry.source;
  return { ...entry, source, inside: false, aside: true, shown: entry.target, target: path };
}

/** With the flags that it has outside: none of them can be taken away any more. */
function takenFrom(entry: MountEntry, source: string): MountEntry {
  const options = entry.options.filter((option) => ['bind', 'rbind'].includes(option));
  return { ...entry, source, options, seen: undefined };
}
