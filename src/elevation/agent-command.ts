import { execa } from 'execa';
import { closeSync, constants, createReadStream, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram, requireProgram } from '../host/programs.ts';

/** What is to run on a terminal, so that pkttyagent(1) asks there for the password of what this process starts. */
export interface AgentCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Resolves to true once it has registered, and to false after `gone`. */
  readonly registered: Promise<boolean>;
  /** To be called when the terminal has been closed. */
  readonly gone: () => void;
}

/** A FIFO tells that it has registered: it closes its end then. Undefined where pkttyagent(1) is missing. */
export async function agentCommand(): Promise<AgentCommand | undefined> {
  const program = findProgram('pkttyagent');
  if (program === undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'namespace-sandboxes-'));
  const fifo = join(folder, 'registered');
  await execa(requireProgram('mkfifo'), ['-m', '600', fifo]);
  let left = false;
  const closed = endOf(fifo).then(() => {
    rmSync(folder, { recursive: true });
    return !left;
  });
  return {
    file: '/bin/sh',
    args: ['-c', 'exec "$0" --process "$1" --notify-fd 9 9>"$2"', program, String(process.pid), fifo],
    env: { TERM: 'xterm-256color', LANG: process.env.LANG ?? 'C.UTF-8' },
    registered: closed,
    gone: () => {
      left = true;
      openForAMoment(fifo);
    },
  };
}

/** Resolves when whoever has opened a FIFO for writing has closed it. */
function endOf(fifo: string): Promise<void> {
  return new Promise((resolve) => {
    createReadStream(fifo)
      .on('close', () => resolve())
      .on('error', () => resolve())
      .resume();
  });
}

/** A reader that still waits for a writer is let go (fifo(7)). */
function openForAMoment(fifo: string): void {
  try {
    closeSync(openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK));
  } catch {
    // nobody waits any more
  }
}
