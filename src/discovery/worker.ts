import { availableParallelism } from 'node:os';
import { workerData } from 'node:worker_threads';
import { loadKernelCalls } from './native.ts';
import { secondThread, serveLooker, type Looker } from './second-thread.ts';
import { startScanner } from './snapshot.ts';
import { answerQuestions } from './thread.ts';

// A thread of its own, so that thousands of synchronous reads of /proc never block the extension host; and a second of that one.
const looker = workerData as Looker | null;
if (looker) serveLooker(looker);
else serve();

function serve(): void {
  const second = availableParallelism() > 1 ? secondThread(__filename) : undefined;
  const scanner = loadKernelCalls().then((calls) => startScanner(calls, second));
  answerQuestions(async () => (await scanner)());
}
