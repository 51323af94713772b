import { Worker } from 'node:worker_threads';
import type { Namespace } from '../../model/namespace.ts';
import type { InspectionAnswers, InspectionQuestion, InspectionResponse } from '../../protocol/inspection.ts';

export interface Inspector {
  /** What a namespace holds. */
  details(namespace: Namespace): Promise<InspectionAnswers['details']>;
  /** Who listens in network namespaces. */
  listeners(networks: readonly Namespace[]): Promise<InspectionAnswers['listeners']>;
  dispose(): void;
}

interface Waiting {
  readonly resolve: (answer: InspectionAnswers[keyof InspectionAnswers]) => void;
  readonly reject: (error: Error) => void;
}

interface Thread {
  readonly worker: Worker;
  readonly waiting: Map<number, Waiting>;
}

/** Looks into namespaces in a thread that is started by the first question, and anew after it has died. */
export function startInspector(workerFile: string): Inspector {
  let thread: Thread | undefined;
  let asked = 0;
  return {
    details: (namespace) => ask({ ask: 'details', namespace }) as Promise<InspectionAnswers['details']>,
    listeners: (networks) => ask({ ask: 'listeners', networks }) as Promise<InspectionAnswers['listeners']>,
    dispose: () => void thread?.worker.terminate(),
  };

  function ask(question: InspectionQuestion): Promise<InspectionAnswers[keyof InspectionAnswers]> {
    const { worker, waiting } = (thread ??= startThread(workerFile, forget));
    const id = ++asked;
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      worker.postMessage({ id, question });
    });
  }

  function forget(worker: Worker): void {
    if (thread?.worker === worker) thread = undefined;
  }
}

/** A thread that keeps no process alive while nothing is asked of it. */
function startThread(file: string, forget: (worker: Worker) => void): Thread {
  const worker = new Worker(file);
  worker.unref();
  const waiting = new Map<number, Waiting>();
  const end = (error: Error): void => {
    forget(worker);
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  worker.on('message', (response: InspectionResponse) => settle(waiting, response));
  worker.on('error', end).on('exit', () => end(new Error('the thread that looks into namespaces has ended')));
  return { worker, waiting };
}

function settle(waiting: Map<number, Waiting>, response: InspectionResponse): void {
  const one = waiting.get(response.id);
  waiting.delete(response.id);
  if ('answer' in response) one?.resolve(response.answer);
  else one?.reject(new Error(response.error));
}
