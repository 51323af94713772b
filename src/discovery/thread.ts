import { parentPort, Worker } from 'node:worker_threads';
import { messageOf } from '../model/message-of.ts';

/** A thread that answers questions, in their order. */
export interface Thread<Question, Answer> {
  /** @throws Error of the thread, also where it ends before it answers. */
  readonly ask: (question: Question) => Promise<Answer>;
  readonly dispose: () => void;
}

interface Asked<Question> {
  readonly id: number;
  readonly question: Question;
}

/** An error is told by its message. */
type Answered<Answer> =
  { readonly id: number; readonly answer: Answer } | { readonly id: number; readonly error: string };

interface Waiting<Answer> {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

interface Running<Answer> {
  readonly worker: Worker;
  readonly waiting: Map<number, Waiting<Answer>>;
}

/** The thread is started by the first question, and anew after it has died, from a file that calls `answerQuestions`. */
export function startThread<Question, Answer>(file: string, name: string): Thread<Question, Answer> {
  let running: Running<Answer> | undefined;
  let asked = 0;
  return {
    ask: (question) => {
      const { worker, waiting } = (running ??= run(file, name, forget));
      const id = ++asked;
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        worker.postMessage({ id, question } satisfies Asked<Question>);
      });
    },
    dispose: () => void running?.worker.terminate(),
  };

  function forget(worker: Worker): void {
    if (running?.worker === worker) running = undefined;
  }
}

/** It keeps no process alive while nothing is asked of it. */
function run<Answer>(file: string, name: string, forget: (worker: Worker) => void): Running<Answer> {
  const worker = new Worker(file);
  const waiting = new Map<number, Waiting<Answer>>();
  const end = (error: Error): void => {
    forget(worker);
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  worker.on('message', (answered: Answered<Answer>) => settle(waiting, answered));
  // An error tells the end first: the next question must not go to a thread that is about to exit.
  worker.on('error', end).on('exit', () => end(new Error(`${name} has ended`)));
  // Last: whoever listens to messages holds it otherwise.
  worker.unref();
  return { worker, waiting };
}

function settle<Answer>(waiting: Map<number, Waiting<Answer>>, answered: Answered<Answer>): void {
  const one = waiting.get(answered.id);
  waiting.delete(answered.id);
  if ('answer' in answered) one?.resolve(answered.answer);
  else one?.reject(new Error(answered.error));
}

/** In the thread itself: answers each question. */
export function answerQuestions(answer: (question: unknown) => unknown): void {
  parentPort?.on('message', (asked: Asked<unknown>) => {
    void answered(asked).then((told) => parentPort?.postMessage(told));
  });

  async function answered({ id, question }: Asked<unknown>): Promise<Answered<unknown>> {
    try {
      return { id, answer: await answer(question) };
    } catch (error) {
      return { id, error: messageOf(error) };
    }
  }
}
