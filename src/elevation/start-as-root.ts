import { execa, type Options } from 'execa';
import { findProgram, requireProgram } from '../host/programs.ts';
import type { RootPurpose } from '../model/elevation.ts';
import { fail } from '../model/problem.ts';
import type { Person, TerminalAgent } from './person.ts';

/** A program that may be about to run as root, with pipes for all three streams. */
export type RootChild = ReturnType<typeof spawn>;

/** How it ended without ever running as root. */
interface Ended {
  readonly exitCode: number | undefined;
  readonly stderr: string;
}

type Words = readonly [string, ...string[]];
type Begins<T> = (child: RootChild) => Promise<T>;

/**
 * Starts a program as root: directly where the caller is root, else with pkexec(1), or sudo(8) where that is missing.
 * `begins` resolves once the program has said that it runs; until then what asks for the password is in between.
 * @throws ProblemError `rootNotWanted`, `helperDismissed`, `helperNotAuthorized`, `noAgent`, `passwordNeeded`, `helperEnded`,
 * and `programMissing` where there is no way at all.
 */
export async function startAsRoot<T>(
  command: Words,
  purpose: RootPurpose,
  person: Person,
  begins: Begins<T>,
): Promise<T> {
  if (process.getuid?.() === 0) return begun(await attempt(command, begins), endedItself);
  const sudo = findProgram('pkexec') === undefined ? findProgram('sudo') : undefined;
  const pkexec = sudo ?? requireProgram('pkexec');
  if (!(await person.agrees(purpose))) fail('rootNotWanted', {});
  return sudo === undefined ? byPkexec(pkexec, command, person, begins) : bySudo(sudo, command, person, begins);
}

/**
 * pkexec's own way to ask, on a terminal, fails in some versions, and could be that from which the editor was started.
 * Only pkexec can tell that nobody else asks, so the agent on a terminal is started after it has.
 */
async function byPkexec<T>(pkexec: string, command: Words, person: Person, begins: Begins<T>): Promise<T> {
  const words = [pkexec, '--disable-internal-agent', ...command] as const;
  const first = await attempt(words, begins);
  if (!('stderr' in first) || !first.stderr.includes('No authentication agent found')) return begun(first, notByPkexec);
  const agent = (await person.askOnTerminal()) ?? fail('noAgent', {});
  try {
    const second = await attempt(words, begins);
    if ('stderr' in second && (await wasLeft(agent))) fail('helperDismissed', { program: 'pkttyagent' });
    return begun(second, notByPkexec);
  } finally {
    agent.dispose();
  }
}

/** A closed terminal is told of a moment after what was in it has ended. */
const A_MOMENT = 500;

function wasLeft({ left }: TerminalAgent): Promise<boolean> {
  const moment = new Promise<boolean>((resolve) => setTimeout(resolve, A_MOMENT, false));
  return Promise.race([left.then(() => true), moment]);
}

/** Written by sudo(8) where it wants a line; with a blank line of its own, so that a lecture before it is no part of it. */
const PROMPT = '\nnamespace-sandboxes: password\n';

/**
 * sudo(8) reads the password from its standard input, a byte at a time, and leaves the rest to the helper, which is sent nothing
 * before it has said that it runs. With `--reset-timestamp` the password counts for this once, not for whatever else this process starts.
 */
async function bySudo<T>(sudo: string, command: Words, person: Person, begins: Begins<T>): Promise<T> {
  const { password } = person;
  if (password === 'onTerminal')
    return begun(await attempt([sudo, '--reset-timestamp', '--', ...command], begins), notBySudo);
  const answers: (string | undefined)[] = [];
  const outcome = await attempt(
    [sudo, '--reset-timestamp', '--stdin', '--prompt', PROMPT, '--', ...command],
    (child) => {
      onPrompt(child, async () => {
        const line = await password?.(answers.length > 0);
        answers.push(line);
        if (line === undefined) child.stdin.end();
        else child.stdin.write(`${line}\n`);
      });
      return begins(child);
    },
  );
  if ('stderr' in outcome && answers.includes(undefined)) notGiven(password !== undefined);
  return begun(outcome, notBySudo);
}

function notGiven(asked: boolean): never {
  if (asked) fail('helperDismissed', { program: 'sudo' });
  fail('passwordNeeded', {});
}

function onPrompt(child: RootChild, ask: () => Promise<void>): void {
  let said = '';
  child.stderr.on('data', (chunk: Buffer | string) => {
    said += chunk.toString();
    if (!said.endsWith(PROMPT)) return;
    said = '';
    void ask();
  });
}

async function attempt<T>(words: Words, begins: Begins<T>): Promise<{ readonly value: T } | Ended> {
  const child = spawn(words);
  child.stdin.on('error', () => undefined); // it may end before it has read
  const ended = child.then(({ exitCode, stderr }) => ({ exitCode, stderr }));
  return Promise.race([begins(child).then((value) => ({ value })), ended]);
}

/**
 * Messages of pkexec(1) and sudo(8) are understood in the language of their source. Root itself may have become it by one of them:
 * for whom that was is not for whom this is.
 */
function spawn([file, ...args]: Words) {
  const options = {
    env: { LC_ALL: 'C', PKEXEC_UID: undefined, SUDO_UID: undefined },
    reject: false,
    buffer: { stdout: false, stderr: true },
    maxBuffer: 65_536,
    encoding: 'utf8',
    cleanup: true,
  } as const satisfies Options;
  return execa(file, args, options);
}

function begun<T>(outcome: { readonly value: T } | Ended, why: (ended: Ended) => never): T {
  return 'value' in outcome ? outcome.value : why(outcome);
}

/** pkexec(1): 126 is a dismissed dialog, 127 everything else that is not an authorisation. */
function notByPkexec(ended: Ended): never {
  if (ended.exitCode === 126) fail('helperDismissed', { program: 'pkexec' });
  if (ended.exitCode === 127)
    fail('helperNotAuthorized', { reason: reasonIn(ended.stderr) || 'pkexec gave no reason' });
  endedItself(ended);
}

/** sudo(8) exits with 1 where it refuses, which the program may do as well: what it says begins with its name. */
function notBySudo(ended: Ended): never {
  const lines = ended.stderr
    .split('\n')
    .filter((line) => /^sudo(-rs)?: |not in the sudoers file|not allowed/.test(line));
  if (lines.length > 0) fail('helperNotAuthorized', { reason: lines.at(-1) ?? '' });
  endedItself(ended);
}

function endedItself({ exitCode, stderr }: Ended): never {
  fail('helperEnded', { reason: reasonIn(stderr) || `exit status ${exitCode ?? 'unknown'}` });
}

/** pkexec(1) says what went wrong in a line of its own, and warns of the record in another. */
function reasonIn(stderr: string): string {
  const lines = stderr.trim().split('\n');
  return lines.find((line) => line.includes('Not authorized')) ?? lines.at(-1) ?? '';
}
