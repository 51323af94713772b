import type { Snapshot } from '../protocol/discovery.ts';
import { startThread } from './thread.ts';

export interface Discovery {
  /** What the machine shows now; the answer under way where one is asked for already. @throws Error of the worker. */
  snapshot(): Promise<Snapshot>;
  dispose(): void;
}

/** Snapshots taken by a worker thread, which is started by the first, and anew after it has died. */
export function startDiscovery(workerFile: string): Discovery {
  const thread = startThread<'snapshot', Snapshot>(workerFile, 'the discovery thread');
  let current: Promise<Snapshot> | undefined;
  return {
    snapshot: () => (current ??= thread.ask('snapshot').finally(() => (current = undefined))),
    dispose: thread.dispose,
  };
}
