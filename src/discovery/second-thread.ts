import { MessageChannel, receiveMessageOnPort, Worker, type MessagePort } from 'node:worker_threads';
import { messageOf } from '../model/message-of.ts';
import { startLooking, type Looked, type Round, type Share } from './processes.ts';

/** Begins to look at a share of the processes, from nothing. Each round returns at once, and what it returns waits for the answer. */
export type SecondThread = (share: Share) => (round: Round) => () => Looked;

/** What the thread is started with. */
export interface Looker {
  readonly port: MessagePort;
  /** The number of rounds that are answered. */
  readonly answered: Int32Array;
}

type Answer = Looked | { readonly error: string };

/** A thread that has ended answers no more; one that is slower than this is of no use. */
const MOST_WAIT_MS = 5000;

/** The thread is started from a file that calls `serveLooker`. Who waits for its answer needs no event loop for that. */
export function secondThread(file: string): SecondThread {
  let asked = 0;
  let thread: Looker | undefined;
  return (share) => {
    const { port, answered } = (thread ??= startThread(file));
    port.postMessage(share);
    return (round) => {
      port.postMessage(round);
      asked += 1;
      return () => {
        Atomics.wait(answered, 0, asked - 1, MOST_WAIT_MS);
        const answer = receiveMessageOnPort(port)?.message as Answer | undefined;
        if (answer === undefined) throw new Error('the second discovery thread has ended');
        if ('error' in answer) throw new Error(answer.error);
        return answer;
      };
    };
  };
}

function startThread(file: string): Looker {
  const { port1: port, port2: other } = new MessageChannel();
  const answered = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const looker: Looker = { port: other, answered };
  const worker = new Worker(file, { workerData: looker, transferList: [other] });
  // Whoever waits notices that no answer comes; without this, the error would end the asking thread.
  worker.on('error', () => undefined).unref();
  port.unref();
  return { port, answered };
}

/** Answers each round, in the thread itself. */
export function serveLooker({ port, answered }: Looker): void {
  let look: (round: Round) => Looked;
  port.on('message', (message: Share | Round) => {
    if ('part' in message) {
      look = startLooking(message);
      return;
    }
    port.postMessage(answer(message));
    Atomics.add(answered, 0, 1);
    Atomics.notify(answered, 0);
  });

  function answer(round: Round): Answer {
    try {
      return look(round);
    } catch (error) {
      return { error: messageOf(error) };
    }
  }
}
