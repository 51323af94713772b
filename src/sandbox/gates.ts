import { execa } from 'execa';
import { createInterface, type Interface } from 'node:readline';
import { inheritedDescriptors } from '../host/descriptors.ts';
import { readSetting, userNamespaceFix } from '../host/check.ts';
import { fail } from '../model/problem.ts';

/** The running start script, seen from outside: it says a word at each gate and goes on when a line is written. */
export interface GatedScript {
  /** Waits until the script stands at the gate whose word is `word`, and returns what it said after it. */
  at(word: string): Promise<string>;
  /** Lets it go on. */
  pass(): void;
  /** Closes the script's input: it ends at its next gate, and PID 1 of a whole sandbox ends. */
  readonly close: () => void;
  /** Forgets its output and input, so that neither keeps this process alive; its input stays open. */
  detach(): void;
  readonly ended: Promise<void>;
}

/** Starts `sh script` and listens to it. */
export function runGated(script: string): GatedScript {
  const child = start(script);
  const lines = createInterface({ input: child.stdout });
  const words = lines[Symbol.asyncIterator]();
  return {
    at: async (word) => {
      const next: IteratorResult<string, undefined> = await words.next();
      const [said, ...rest] = next.value?.split(' ') ?? [];
      return said === word ? rest.join(' ') : failedBefore(word, child);
    },
    pass: () => child.stdin.write('go\n'),
    close: () => child.stdin.destroy(),
    detach: () => detach(child, lines),
    ended: child.then(() => undefined),
  };
}

type Child = ReturnType<typeof start>;

/** In a session of its own, with nothing of the caller's environment: Ctrl-C in a terminal of the caller's is not for it. */
function start(script: string) {
  // What this process would hand on becomes nothing inside: PID 1 keeps its descriptors for as long as the sandbox runs.
  const handedOn = Math.max(2, ...inheritedDescriptors()) - 2;
  return execa('/bin/sh', [script], {
    stdio: ['pipe', 'pipe', 'pipe', ...Array.from({ length: handedOn }, () => 'ignore' as const)],
    env: {},
    extendEnv: false,
    detached: true,
    cleanup: false,
    reject: false,
    buffer: { stdout: false, stderr: true },
    maxBuffer: 65_536,
  });
}

async function failedBefore(gate: string, child: Child): Promise<never> {
  child.stdin.destroy();
  const { stderr } = await child;
  return failure(gate, stderr);
}

function failure(gate: string, stderr: string): never {
  const refused = /^refused: (\/\S*)$/m.exec(stderr);
  if (refused?.[1] !== undefined) fail('mountTargetRefused', { target: refused[1], reason: 'it is a symbolic link' });
  if (gate === 'unshared' && /unshare failed|write error|uid_map/.test(stderr)) {
    fail('userNamespacesForbidden', { reason: lastLine(stderr), fix: userNamespaceFix(stderr, readSetting) });
  }
  fail('launchFailed', { step: gate === 'unshared' ? 'making the namespaces' : 'mounting', output: stderr.trim() });
}

function detach(child: Child, lines: Interface): void {
  lines.close();
  child.stdout.destroy();
  child.stderr.destroy();
  child.unref();
}

const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? '';
