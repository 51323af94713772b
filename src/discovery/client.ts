import { Worker } from 'node:worker_threads';
import { SNAPSHOT_REQUEST, type DiscoveryAnswer, type Snapshot } from '../protocol/discovery.ts';

export interface Discovery {
  /** What the machine shows now; the answer under way where one is asked for already. @throws Error of the worker. */
  snapshot(): Promise<Snapshot>;
  dispose(): void;
}

/** Snapshots taken by a worker thread, which is started by the first, and anew after it has died. */
export function startDiscovery(workerFile: string): Discovery {
  let worker: Worker | undefined;
  let current: Promise<Snapshot> | undefined;
  const living = (): Worker => {
    worker ??= startWorker(workerFile, (ended) => {
      if (worker === ended) worker = undefined;
    });
    return worker;
  };
  return {
    snapshot: () => (current ??= ask(living()).finally(() => (current = undefined))),
    dispose: () => void worker?.terminate(),
  };
}

/** A thread that keeps no process alive while nothing is asked of it. */
function startWorker(file: string, onEnd: (worker: Worker) => void): Worker {
  const worker = new Worker(file);
  worker.unref();
  const end = (): void => onEnd(worker);
  // An error tells the end first: the next request must not go to a thread that is about to exit.
  return worker.on('error', end).on('exit', end);
}

function ask(worker: Worker): Promise<Snapshot> {
  return new Promise((resolve, reject) => {
    const settle = (settled: () => void): void => {
      worker.off('message', onMessage).off('error', onError).off('exit', onExit);
      settled();
    };
    const onMessage = (answer: DiscoveryAnswer): void =>
      settle(() => ('snapshot' in answer ? resolve(answer.snapshot) : reject(new Error(answer.error))));
    const onError = (error: Error): void => settle(() => reject(error));
    const onExit = (): void => settle(() => reject(new Error('the discovery thread has ended')));
    worker.on('message', onMessage).on('error', onError).on('exit', onExit);
    worker.postMessage(SNAPSHOT_REQUEST);
  });
}
