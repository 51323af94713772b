import type { RootPurpose } from '../model/elevation.ts';
import { NOBODY, type Person } from './person.ts';
import type { Helper } from './start-helper.ts';

/** The helper of one window or command: started by the first who needs it, and shared by all after. */
export interface HelperSession {
  /** The running helper, or a new one: this asks for a password. @throws ProblemError of startHelper. */
  helper(purpose?: RootPurpose): Promise<Helper>;
  /** The running helper, or the one for which a password is being asked, and never a new one. */
  running(): Promise<Helper> | undefined;
  /** The running helper, without waiting for a password. */
  started(): Helper | undefined;
  /** Ends the running helper. The next who needs one starts another. */
  dispose(): void;
}

export interface SessionOptions {
  readonly person?: Person;
  /** Told each time that a helper has begun to run as root, and that it has ended. */
  readonly onChange?: (runs: boolean) => void;
}

/** What speaks to a helper is loaded once somebody needs one. */
export function helperSession(
  helperFile: string,
  onAct: (line: string) => void,
  { person = NOBODY, onChange = () => undefined }: SessionOptions = {},
): HelperSession {
  let current: Promise<Helper> | undefined;
  let started: Helper | undefined;
  const start = (purpose: RootPurpose | undefined): Promise<Helper> => {
    const starting = import('./start-helper.ts').then(({ startHelper }) =>
      startHelper(helperFile, onAct, person, purpose),
    );
    const forget = (): void => {
      if (current === starting) current = started = undefined;
    };
    starting.then((helper) => {
      started = helper;
      onChange(true);
      void helper.ended.then(forget).then(() => onChange(false));
    }, forget);
    return starting;
  };
  return {
    helper: (purpose) => (current ??= start(purpose)),
    running: () => current,
    started: () => started,
    dispose: () =>
      void current?.then(
        (helper) => helper.dispose(),
        () => undefined,
      ),
  };
}
