import type { Listening } from './namespace-details.ts';

/** A socket that waits for peers, and who has it open. */
export interface Listener extends Listening {
  /** Inode of its network namespace. */
  readonly network: number;
  /** Processes that have it open, as far as this user may see. */
  readonly pids: readonly number[];
}
