import { constants } from 'node:os';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

type Act = (status: number, signal: NodeJS.Signals) => void;

const acts = new Set<Act>();
let isListening = false;

/** The exit status by which a shell says that a signal has ended a program. */
export const statusOf = (signal: NodeJS.Signals): number => 128 + constants.signals[signal];

/** What a signal does that would end this program. @returns what takes that back */
export function onSignal(act: Act): () => void {
  listen();
  acts.add(act);
  return () => acts.delete(act);
}

/** Once and for all: a signal that came between one listener and the next would be lost, or end this program alone. */
function listen(): void {
  if (isListening) return;
  isListening = true;
  for (const signal of SIGNALS)
    process.on(signal, () => {
      if (acts.size === 0) process.exit(statusOf(signal));
      for (const act of acts) act(statusOf(signal), signal);
    });
}

/** That a signal has ended a command, which has taken back what it had made. */
export class GivenUp extends Error {
  constructor(readonly status: number) {
    super('The command was given up.');
  }
}

/** Milliseconds in which npm(1) and the terminal may both send the same signal. */
const TOGETHER = 500;

/**
 * Does some work, which a signal to this program aborts and which takes back then what it has made. A second signal ends this
 * program at once.
 * @throws GivenUp after a signal, whatever the work came to.
 */
export async function givenUpBySignal<Result>(work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const controller = new AbortController();
  const { signal } = controller;
  let first = Infinity;
  const ignoreAgain = onSignal((status) => {
    if (Date.now() - first > TOGETHER) process.exit(status);
    if (!signal.aborted) first = Date.now();
    controller.abort(new GivenUp(status));
  });
  try {
    const result = await work(signal);
    signal.throwIfAborted();
    return result;
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    ignoreAgain();
  }
}
