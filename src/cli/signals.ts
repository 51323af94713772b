import type { LaunchRequest } from '../sandbox/make-plan.ts';

const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** What a signal does that would end this program with a status, as a shell would say it. @returns what takes that back */
export function onSignal(act: (status: number, signal: NodeJS.Signals) => void): () => void {
  const handlers = Object.entries(SIGNALS).map(([signal, status]) => {
    const handler = (name: NodeJS.Signals): void => act(status, name);
    // Not `once`: a listener that is gone by then counts as none, and execa would end this program at once.
    process.on(signal, handler);
    return () => process.off(signal, handler);
  });
  return () => handlers.forEach((remove) => remove());
}

/** A signal to this program while sandboxes are being made takes back what there is of them before this program ends. */
export async function takenBackBySignal<Made>(
  make: (begun: NonNullable<LaunchRequest['begun']>) => Promise<Made>,
): Promise<Made> {
  let caught: number | undefined;
  let giveUp: (status: number) => void = (status) => process.exit(status);
  const ignoreAgain = onSignal((status) => {
    caught = status;
    giveUp(status);
  });
  try {
    return await make((takeBack) => {
      giveUp = takeBack;
      if (caught !== undefined) takeBack(); // it came between two steps
    });
  } catch (error) {
    if (caught !== undefined) process.exit(caught);
    throw error;
  } finally {
    ignoreAgain();
  }
}

/** A signal to this program meanwhile undoes what was made for the work before this program ends. */
export async function undoneBySignal<Result>(undo: () => Promise<void>, work: () => Promise<Result>): Promise<Result> {
  const ignoreAgain = onSignal((status) => void undo().finally(() => process.exit(status)));
  try {
    return await work();
  } finally {
    ignoreAgain();
  }
}
