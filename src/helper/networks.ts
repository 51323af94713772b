import { closeSync } from 'node:fs';
import { openNamespace } from '../discovery/handles.ts';
import { tryAddressesArguments } from '../network/wiring/reach-script.ts';
import { readNetworksArguments } from '../network/wiring/script.ts';
import { inMountsOf, type IsHere, type Namespace } from '../model/namespace.ts';
import { nameOf, withNetwork } from './links.ts';
import { lookSparingly } from './look.ts';
import { requireProgram, run } from './programs.ts';
import type { Verbs } from './serve.ts';

/** Descriptors of a program begin after its standard ones. */
const FIRST = 3;

/** The verbs that look into networks: at the interfaces of all, as root sees them, and who can be reached from one of the user's. */
export function networkVerbs(uid: number): Verbs<'networks/read' | 'networks/reach'> {
  return {
    'networks/read': (_, act) => {
      const snapshot = lookSparingly();
      const isHere = inMountsOf(process.pid, snapshot.processes);
      const opened = snapshot.namespaces
        .filter(({ type }) => type === 'net')
        .map((namespace) => reachable(namespace, isHere))
        .map((namespace) => ({ inode: namespace.inode, file: openNamespace(namespace) ?? -1 }))
        .filter(({ file }) => file >= 0);
      try {
        const descriptors = opened.map((_, at) => String(FIRST + at));
        const files = opened.map(({ file }) => file);
        const output = run('perl', readNetworksArguments(descriptors, descriptors), files);
        act(`looked into ${opened.length} networks`);
        return { snapshot, inodes: opened.map(({ inode }) => inode), output };
      } finally {
        for (const { file } of opened) closeSync(file);
      }
    },
    'networks/reach': ({ at, addresses, port }, act) => {
      let output = '';
      withNetwork(uid, at, ({ file }) => {
        const enter = ['--net=/proc/self/fd/3', '--', requireProgram('perl')];
        output = run('nsenter', [...enter, ...tryAddressesArguments(addresses, port)], [file]);
      });
      act(`tried ${addresses.length} addresses from ${nameOf(at)}`);
      return { output };
    },
  };
}

/** A path through somebody else's mounts may lead into a file system of theirs, which answers never (fuse(4)). */
function reachable(namespace: Namespace, isHere: IsHere): Namespace {
  return { ...namespace, holders: namespace.holders.filter((holder) => holder.by !== 'mount' || isHere(holder.pid)) };
}
