import { startDiscovery } from '../../discovery/client.ts';
import { sandboxUsage } from '../../discovery/usage.ts';
import type { Snapshot } from '../../protocol/discovery.ts';
import { limitReadings } from '../../cgroup/readings.ts';
import type { Sandbox } from '../../model/sandbox.ts';
import { diskUse, type DiskUse } from '../../sandbox/disk-use.ts';
import { runningLabs } from '../../sandbox/lab/labs.ts';
import { runningSandboxes } from '../../sandbox/running.ts';
import { windowProfiles } from '../profiles.ts';
import type { Observation, RunningSandbox } from './observation.ts';

export interface Observer {
  observe(): Promise<Observation>;
  dispose(): void;
}

/** Loads the engine and starts the worker thread that reads /proc. */
export function startObserver(workerFile: string): Observer {
  const discovery = startDiscovery(workerFile);
  const disks = countDisks();
  return { observe: async () => observation(await discovery.snapshot(), disks), dispose: () => discovery.dispose() };
}

function observation(snapshot: Snapshot, disks: Disks): Observation {
  return {
    at: Date.now(),
    ownPid: process.pid,
    snapshot,
    profiles: windowProfiles().summaries,
    sandboxes: runningSandboxes().map((sandbox) => runningSandbox(sandbox, snapshot, disks)),
    labs: runningLabs(),
  };
}

function runningSandbox(sandbox: Sandbox, snapshot: Snapshot, disks: Disks): RunningSandbox {
  const usage = sandboxUsage(snapshot, sandbox.pid);
  return { sandbox, ...usage, readings: limitReadings(sandbox.limits), disk: disks.of(sandbox) };
}

/** What sandboxes take of disks, as it was when it was last counted. */
interface Disks {
  of(sandbox: Sandbox): DiskUse | undefined;
}

/** Milliseconds between two counts of one sandbox. */
const COUNT_AGAIN = 15_000;

function countDisks(): Disks {
  const counted = new Map<string, { at: number; use: DiskUse | undefined }>();
  return {
    of: ({ id, disk = [] }) => {
      if (disk.length === 0) return undefined;
      const last = counted.get(id);
      if (last !== undefined && Date.now() - last.at < COUNT_AGAIN) return last.use;
      const entry = { at: Date.now(), use: last?.use };
      counted.set(id, entry);
      void diskUse(disk).then((use) => (entry.use = use));
      return last?.use;
    },
  };
}
