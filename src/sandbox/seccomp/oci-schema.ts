import * as v from 'valibot';

/** The `seccomp` of the OCI runtime specification (config-linux.md), with what container engines write beside it. */
const ACTIONS = {
  SCMP_ACT_KILL: 0,
  SCMP_ACT_KILL_THREAD: 0,
  SCMP_ACT_KILL_PROCESS: 0x8000_0000,
  SCMP_ACT_TRAP: 0x0003_0000,
  SCMP_ACT_ERRNO: 0x0005_0000,
  SCMP_ACT_TRACE: 0x7ff0_0000,
  SCMP_ACT_LOG: 0x7ffc_0000,
  SCMP_ACT_ALLOW: 0x7fff_0000,
} as const;

const COMPARISONS = {
  SCMP_CMP_NE: 'notEqual',
  SCMP_CMP_LT: 'less',
  SCMP_CMP_LE: 'lessOrEqual',
  SCMP_CMP_EQ: 'equal',
  SCMP_CMP_GE: 'greaterOrEqual',
  SCMP_CMP_GT: 'greater',
  SCMP_CMP_MASKED_EQ: 'maskedEqual',
} as const;

function oneOf<const Choices extends Readonly<Record<string, unknown>>>(choices: Choices) {
  const names = Object.keys(choices) as (keyof Choices & string)[];
  return v.pipe(
    v.picklist(names, `must be one of ${names.join(', ')}`),
    v.transform((name) => choices[name]),
  );
}

const WHOLE = 'must be a whole number from 0 on that JavaScript can hold';
const whole = v.pipe(v.number(WHOLE), v.safeInteger(WHOLE), v.minValue(0, WHOLE));
const errno = v.pipe(whole, v.maxValue(4095, 'must be an errno: at most 4095'));
const text = v.string('must be a string');
const texts = v.optional(v.nullable(v.array(text, 'must be a list of strings'), []), []);

const argument = v.strictObject(
  {
    index: v.pipe(whole, v.maxValue(5, 'must be from 0 to 5')),
    value: whole,
    valueTwo: v.optional(whole, 0),
    op: oneOf(COMPARISONS),
  },
  strictly('index, value, valueTwo, op'),
);

const condition = v.optional(
  v.nullable(
    v.strictObject({ caps: texts, arches: texts, minKernel: v.optional(text) }, strictly('caps, arches, minKernel')),
  ),
);

const syscall = v.strictObject(
  {
    names: v.pipe(v.array(text, 'must be a list of names'), v.minLength(1, 'must name a system call')),
    action: oneOf(ACTIONS),
    errnoRet: v.optional(v.nullable(errno)),
    errno: v.optional(text),
    args: v.optional(v.nullable(v.array(argument, 'must be a list'), []), []),
    comment: v.optional(text),
    includes: condition,
    excludes: condition,
  },
  strictly('names, action, errnoRet, args, includes, excludes, comment'),
);

/** A filter is set by one thread, which is all that this flag is about. */
const flags = v.optional(v.array(v.literal('SECCOMP_FILTER_FLAG_TSYNC', 'is a flag that cannot be given here')), []);

export const ociSeccomp = v.strictObject(
  {
    defaultAction: oneOf(ACTIONS),
    defaultErrnoRet: v.optional(v.nullable(errno)),
    defaultErrno: v.optional(text),
    architectures: texts,
    archMap: v.optional(
      v.array(
        v.strictObject({ architecture: text, subArchitectures: texts }, strictly('architecture, subArchitectures')),
      ),
      [],
    ),
    flags,
    syscalls: v.optional(v.array(syscall, 'must be a list'), []),
  },
  strictly('defaultAction, defaultErrnoRet, architectures, archMap, flags, syscalls'),
);

export type OciSeccomp = v.InferOutput<typeof ociSeccomp>;
export type OciSyscall = OciSeccomp['syscalls'][number];
export type OciCondition = NonNullable<OciSyscall['includes']>;

function strictly(known: string): (issue: v.StrictObjectIssue) => string {
  return ({ expected }) => {
    if (expected === 'never') return `is not known here: known are ${known}`;
    return expected === 'Object' ? 'must be an object' : 'is missing';
  };
}
