import type { Process } from '../../../src/model/process.ts';
import type { Sandbox } from '../../../src/model/sandbox.ts';
import type { Observation, RunningSandbox } from '../../../src/ui/views/observation.ts';

export const UNHELD = { holders: [], relations: undefined, container: undefined };
const OWN = { user: 1, mnt: 2, pid: 3, net: 4, ipc: 5, uts: 6, cgroup: 7, time: 8 };

export function process(pid: number, parts: Partial<Process> = {}): Process {
  const comm = parts.comm ?? 'bash';
  return {
    pid,
    ppid: 1,
    uid: 1000,
    comm,
    command: comm,
    state: 'S',
    startTime: pid * 10,
    rss: 4096,
    namespaces: OWN,
    readable: true,
    cgroups: {},
    ...parts,
  };
}

export function sandbox(parts: Partial<Sandbox> = {}): Sandbox {
  return {
    id: 'throwaway-1a2b',
    profile: 'throwaway',
    hostname: 'throwaway',
    lifetime: 'terminal',
    workspaceFolder: '/home/u/project',
    rootfs: 'host',
    pid: 50,
    startTime: 500,
    startedAt: 0,
    spare: false,
    folder: '/run/user/1000/namespace-sandboxes/throwaway-1a2b',
    limits: { way: 'none', cgroups: {}, held: {}, missing: {} },
    network: { mode: 'none', publish: [], hostPorts: [] },
    wayOut: undefined,
    notes: [],
    ...parts,
  };
}

export function running(parts: Partial<RunningSandbox> = {}): RunningSandbox {
  return { sandbox: sandbox(), processes: 3, rss: 12 * 1024 ** 2, readings: undefined, disk: undefined, ...parts };
}

/** A machine with the observer (pid 10), one sandbox (pid 50 and 51) and a network namespace that only a bind mount keeps. */
export function observation(parts: Partial<Observation> = {}): Observation {
  const inside = { ...OWN, uts: 66, pid: 33 };
  return {
    at: 180_000,
    ownPid: 10,
    snapshot: {
      processes: [
        process(10, { comm: 'node' }),
        process(50, { comm: 'sh', namespaces: inside }),
        process(51, { namespaces: inside }),
      ],
      namespaces: [
        { type: 'pid', inode: 3, pids: [10], ...UNHELD },
        { type: 'pid', inode: 33, pids: [50, 51], ...UNHELD },
        { type: 'net', inode: 44, pids: [], ...UNHELD, holders: [{ by: 'mount', pid: 10, path: '/run/netns/n1' }] },
        { type: 'net', inode: 4, pids: [10, 50, 51], ...UNHELD },
        { type: 'uts', inode: 6, pids: [10], ...UNHELD },
        { type: 'uts', inode: 66, pids: [50, 51], ...UNHELD },
      ],
      unreadable: 0,
      hidden: false,
      unrelated: undefined,
      hierarchies: [],
      layout: 'none',
      controllers: [],
      trees: [],
    },
    profiles: [{ name: 'throwaway', source: 'builtin', description: 'Ends with its terminal', place: undefined }],
    sandboxes: [running()],
    labs: [],
    ...parts,
  };
}
