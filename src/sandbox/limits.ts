import type { Limits } from '../model/profile.ts';
import type { LimitsGiven } from '../model/sandbox.ts';

/** Limits that are ready to take a sandbox in: what could fail for want of rights has been tried before anything starts. */
export interface PreparedLimits {
  /** Moves PID 1 in; called at the gate, while it is the sandbox's only process. */
  place(pid: number): Promise<LimitsGiven>;
  /** sh lines with which join.sh moves itself in (`$$`), before it enters the namespaces; known after `place`. */
  joinLines(): readonly string[];
  /** Removes the cgroups once the sandbox is gone. May be called more than once. */
  remove(): Promise<void>;
}

export type PrepareLimits = (id: string, limits: Limits) => Promise<PreparedLimits>;
