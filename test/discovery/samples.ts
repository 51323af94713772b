import type { Process } from '../../src/model/process.ts';
import type { Snapshot } from '../../src/protocol/discovery.ts';

export function someProcess(parts: Partial<Process> = {}): Process {
  return {
    pid: 10,
    ppid: 1,
    uid: 1000,
    comm: 'sleep',
    command: 'sleep 60',
    state: 'S',
    startTime: 100,
    rss: 4096,
    namespaces: {},
    readable: true,
    cgroups: {},
    ...parts,
  };
}

export function someSnapshot(parts: Partial<Snapshot> = {}): Snapshot {
  return {
    processes: [],
    namespaces: [],
    unreadable: 0,
    hidden: false,
    unrelated: undefined,
    layout: 'none',
    hierarchies: [],
    controllers: [],
    trees: [],
    ...parts,
  };
}
