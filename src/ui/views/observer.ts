import { startDiscovery } from '../../discovery/client.ts';
import { sandboxUsage } from '../../discovery/usage.ts';
import type { Snapshot } from '../../protocol/discovery.ts';
import { limitReadings } from '../../cgroup/readings.ts';
import type { Sandbox } from '../../model/sandbox.ts';
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
  return { observe: async () => observation(await discovery.snapshot()), dispose: () => discovery.dispose() };
}

function observation(snapshot: Snapshot): Observation {
  return {
    at: Date.now(),
    ownPid: process.pid,
    snapshot,
    profiles: windowProfiles().summaries,
    sandboxes: runningSandboxes().map((sandbox) => runningSandbox(sandbox, snapshot)),
    labs: runningLabs(),
  };
}

function runningSandbox(sandbox: Sandbox, snapshot: Snapshot): RunningSandbox {
  return { sandbox, ...sandboxUsage(snapshot, sandbox.pid), readings: limitReadings(sandbox.limits) };
}
