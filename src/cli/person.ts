import { spawn } from 'node:child_process';
import { Readable } from 'node:stream';
import { isatty } from 'node:tty';
import type { Person, TerminalAgent } from '../elevation/person.ts';
import { findProgram } from '../host/programs.ts';
import { installedSentence, purposeSentence } from '../text/elevation.ts';

/** Who typed this command: told on standard error, and asked on the terminal where there is one. */
export function cliPerson(): Person {
  const onTerminal = isatty(0) || isatty(2);
  return {
    agrees: (purpose) => {
      tell(purposeSentence(purpose));
      return Promise.resolve(true);
    },
    askOnTerminal: () => (onTerminal ? terminalAgent() : Promise.resolve(undefined)),
    password: onTerminal ? 'onTerminal' : undefined,
    passedOver: (installed) => tell(installedSentence(installed)),
  };
}

function tell(sentence: string): void {
  process.stderr.write(`unshared: ${sentence}\n`);
}

/** pkttyagent(1) on this terminal, for what this process starts; it closes its descriptor once it has registered. */
async function terminalAgent(): Promise<TerminalAgent | undefined> {
  const program = findProgram('pkttyagent');
  if (program === undefined) return undefined;
  const agent = spawn(program, ['--process', String(process.pid), '--notify-fd', '3'], {
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
  });
  const left = new Promise<void>((resolve) => agent.on('exit', resolve).on('error', () => resolve()));
  const told = agent.stdio[3];
  const registered = new Promise<boolean>((resolve) => {
    if (told instanceof Readable) told.on('end', () => resolve(true)).resume();
    void left.then(() => resolve(false));
  });
  return (await registered) ? { left, dispose: () => void agent.kill() } : undefined;
}
