import type * as v from 'valibot';
import type { Controller } from '../host.ts';

/** A limit as a profile or a command line writes it. */
export type WrittenLimit = string | number | Readonly<Record<string, string>>;

/** What is written into a file of a cgroup, and how to see that it holds. */
export interface FileWrite {
  readonly file: string;
  readonly text: string;
  /** The file that tells what came of it, where that is another one. */
  readonly seenIn?: string;
  holds(kept: string): boolean;
}

/** A property of a systemd unit: its name, its D-Bus type and its value, as words for busctl(1). */
export type UnitProperty = readonly [name: string, type: string, ...value: string[]];

/** What limits are like: `Asked` is one that a profile asks for, `Kernel` the same with nothing left to look up on this host. */
export interface LimitKind<Asked, Kernel = Asked> {
  /** What to write instead, to stand after "it must be". */
  readonly expected: string;
  /** What it is in a profile. What the kernel refuses may fit too: `read` has the last word. */
  readonly json: NumberOrText | ObjectOfTexts;
  /** The message that a limit is for the helper. */
  readonly wire: v.GenericSchema<Kernel>;
  /** Undefined is no limit, null is none of this kind. */
  read(written: WrittenLimit): Asked | undefined | null;
  /** The shortest text that is read as the same limit. */
  format(asked: Asked): string;
  /** What to write into the file of cgroup v2. */
  writes(file: string, value: Kernel): readonly FileWrite[];
}

/** Keywords for the JSON schema of a profile. */
export interface NumberOrText {
  readonly pattern: RegExp;
  readonly type?: 'string';
  readonly minimum?: number;
}

export interface ObjectOfTexts {
  readonly name: Shape;
  readonly text: Shape;
}

export interface Shape {
  readonly pattern: RegExp;
  readonly expected: string;
  is(text: string): boolean;
}

/** Everything that is known of one limit. Its file on cgroup v2 has its name. */
export interface LimitRow<Asked, Kernel = Asked> {
  readonly kind: LimitKind<Asked, Kernel>;
  /** The controller that keeps it, by its name on v2. */
  readonly controller: Controller;
  readonly description: string;
  readonly examples: readonly (string | Readonly<Record<string, string>>)[];
  /** Whether v1 applies it to the processes of the cgroup itself only, and not to those below it. */
  readonly flatOnV1?: true;
  /** The same on v1, or why v1 cannot express it. */
  v1(value: Kernel, others: OtherLimits): readonly FileWrite[] | string;
  /** The same for a unit of systemd (systemd.resource-control(5)); absent where systemd knows no such property. */
  systemd?(value: Kernel): readonly UnitProperty[];
}

/** The limits on which others depend. */
export interface OtherLimits {
  readonly 'memory.max'?: number | undefined;
}
