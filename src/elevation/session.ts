import type { Helper } from './start-helper.ts';

/** The helper of one window or command: started by the first who needs it, and shared by all after. */
export interface HelperSession {
  /** The running helper, or a new one: this asks for a password. @throws ProblemError of startHelper. */
  helper(): Promise<Helper>;
  /** The running helper, and never a new one. */
  running(): Promise<Helper> | undefined;
  dispose(): void;
}

/** What speaks to a helper is loaded once somebody needs one. */
export function helperSession(helperFile: string, onAct: (line: string) => void): HelperSession {
  let current: Promise<Helper> | undefined;
  const forget = (): void => {
    current = undefined;
  };
  const start = (): Promise<Helper> => {
    const starting = import('./start-helper.ts').then(({ startHelper }) => startHelper(helperFile, onAct));
    starting.then(({ ended }) => void ended.then(forget), forget);
    return starting;
  };
  return {
    helper: () => (current ??= start()),
    running: () => current,
    dispose: () =>
      void current?.then(
        (helper) => helper.dispose(),
        () => undefined,
      ),
  };
}
