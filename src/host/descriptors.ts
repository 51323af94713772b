import { closeSync, readdirSync, readFileSync } from 'node:fs';

/** O_CLOEXEC of open(2), as proc_pid_fdinfo(5) writes flags: in octal. */
const CLOSE_ON_EXEC = 0o2000000;

/**
 * Descriptors that this process has from its own parent and would hand on to every program that it starts; its own are
 * closed on exec.
 */
export function inheritedDescriptors(): readonly number[] {
  return readdirSync('/proc/self/fd')
    .map(Number)
    .filter((descriptor) => descriptor > 2 && isHandedOn(descriptor))
    .sort((a, b) => a - b);
}

/** Closes what this process was given beyond the three standard streams. For programs that use nothing else of it. */
export function closeInherited(): void {
  for (const descriptor of inheritedDescriptors()) closeSync(descriptor);
}

function isHandedOn(descriptor: number): boolean {
  try {
    const flags = /^flags:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8'))?.[1];
    return flags !== undefined && (parseInt(flags, 8) & CLOSE_ON_EXEC) === 0;
  } catch {
    return false; // the one that listed the folder
  }
}
