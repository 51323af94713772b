import { parentPort } from 'node:worker_threads';
import { SNAPSHOT_REQUEST, type DiscoveryAnswer } from '../protocol/discovery.ts';
import { loadKernelCalls } from './native.ts';
import { startScanner, type Scanner } from './snapshot.ts';

// A thread of its own, so that thousands of synchronous reads of /proc never block the extension host.
const scanner = loadKernelCalls().then(startScanner);
parentPort?.on('message', (request: unknown) => {
  if (request === SNAPSHOT_REQUEST) void scanner.then((scan) => parentPort?.postMessage(answer(scan)));
});

function answer(scan: Scanner): DiscoveryAnswer {
  try {
    return { snapshot: scan() };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
