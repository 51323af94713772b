import { execa } from 'execa';
import { closeSync, constants, createReadStream, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { TerminalAgent } from '../../elevation/person.ts';
import { findProgram, requireProgram } from '../../host/programs.ts';
import { commandTerminal } from '../terminal/sandbox-terminals.ts';

/**
 * A terminal in which pkttyagent(1) asks for the password of what this extension host starts. It closes a FIFO once it has
 * registered. Undefined where it is missing, or the terminal was closed before.
 */
export async function terminalAgent(): Promise<TerminalAgent | undefined> {
  const program = findProgram('pkttyagent');
  if (program === undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'namespace-sandboxes-'));
  const fifo = join(folder, 'registered');
  await execa(requireProgram('mkfifo'), ['-m', '600', fifo]);
  const terminal = vscode.window.createTerminal({
    ...commandTerminal('Password', agentCommand(program, fifo)),
    message: "Root is asked for by Namespace Sandboxes; an administrator's password:",
    iconPath: new vscode.ThemeIcon('key'),
  });
  terminal.show();
  const registered = await Promise.race([closedByWriter(fifo), closedBefore(terminal, fifo)]);
  rmSync(folder, { recursive: true });
  return registered ? { dispose: () => terminal.dispose() } : undefined;
}

function agentCommand(program: string, fifo: string) {
  const args = ['-c', 'exec "$0" --process "$1" --notify-fd 9 9>"$2"', program, String(process.pid), fifo];
  return { file: '/bin/sh', args, env: { TERM: 'xterm-256color', LANG: process.env.LANG ?? 'C.UTF-8' } };
}

function closedByWriter(fifo: string): Promise<boolean> {
  return new Promise((resolve) => {
    createReadStream(fifo)
      .on('end', () => resolve(true))
      .on('error', () => resolve(false))
      .resume();
  });
}

/** Opens the FIFO for writing once, so that a reader that still waits for a writer is let go (fifo(7)). */
function closedBefore(terminal: vscode.Terminal, fifo: string): Promise<boolean> {
  return new Promise((resolve) => {
    const closing = vscode.window.onDidCloseTerminal((closed) => {
      if (closed !== terminal) return;
      closing.dispose();
      resolve(false);
      try {
        closeSync(openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK));
      } catch {
        // it has been read, and is gone
      }
    });
  });
}
