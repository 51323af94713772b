import { parentPort } from 'node:worker_threads';
import { SNAPSHOT_REQUEST, type DiscoveryAnswer } from '../protocol/discovery.ts';
import { takeSnapshot } from './snapshot.ts';

// A thread of its own, so that thousands of synchronous reads of /proc never block the extension host.
parentPort?.on('message', (request: unknown) => {
  if (request === SNAPSHOT_REQUEST) parentPort?.postMessage(answer());
});

function answer(): DiscoveryAnswer {
  try {
    return { snapshot: takeSnapshot() };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
