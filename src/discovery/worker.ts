import { availableParallelism } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { SNAPSHOT_REQUEST, type DiscoveryAnswer } from '../protocol/discovery.ts';
import { loadKernelCalls } from './native.ts';
import { secondThread, serveLooker, type Looker } from './second-thread.ts';
import { startScanner, type Scanner } from './snapshot.ts';

// A thread of its own, so that thousands of synchronous reads of /proc never block the extension host; and a second of that one.
const looker = workerData as Looker | null;
if (looker) serveLooker(looker);
else serve();

function serve(): void {
  const second = availableParallelism() > 1 ? secondThread(__filename) : undefined;
  const scanner = loadKernelCalls().then((calls) => startScanner(calls, second));
  parentPort?.on('message', (request: unknown) => {
    if (request === SNAPSHOT_REQUEST) void scanner.then((scan) => parentPort?.postMessage(answer(scan)));
  });
}

function answer(scan: Scanner): DiscoveryAnswer {
  try {
    return { snapshot: scan() };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
