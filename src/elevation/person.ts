import type { InstalledHelper, RootPurpose } from '../model/elevation.ts';

/** Who uses this window or command line: told what root is for, and asked for a password where no desktop does that. */
export interface Person {
  /** Told before a password may be asked for. False if root is not wanted. */
  readonly agrees: (purpose: RootPurpose) => Promise<boolean>;
  /** Has pkttyagent(1) ask for this process on a terminal; resolves once it can. Undefined where there is no terminal. */
  readonly askOnTerminal: () => Promise<TerminalAgent | undefined>;
  /** The password for sudo(8), `again` after a wrong one; undefined if it is not given. */
  readonly password: ((again: boolean) => Promise<string | undefined>) | 'onTerminal' | undefined;
  /** Told that an installed helper is passed over, and the bundled one used. */
  readonly passedOver: (installed: InstalledHelper) => void;
}

export interface TerminalAgent {
  /** Resolves when its terminal was closed, or it was interrupted: pkexec(1) does not tell that from a wrong password. */
  readonly left: Promise<unknown>;
  dispose(): void;
}

/** Nobody is there to be asked: only what needs no password is done. */
export const NOBODY: Person = {
  agrees: () => Promise.resolve(true),
  askOnTerminal: () => Promise.resolve(undefined),
  password: undefined,
  passedOver: () => undefined,
};
