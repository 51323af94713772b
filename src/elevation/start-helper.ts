import { execa, type Options } from 'execa';
import { basename } from 'node:path';
import { createMessageConnection, ResponseError, type MessageConnection } from 'vscode-jsonrpc/node';
import { requireProgram } from '../host/programs.ts';
import { fail } from '../model/problem.ts';
import { HELPER_ACT, HELPER_READY, HELPER_REFUSED } from '../protocol/helper.ts';
import type { HelperParams, HelperResults, HelperVerb } from '../protocol/helper.ts';

/** A running helper, as root. */
export interface Helper {
  /** @throws ProblemError `helperRefused`, or `helperEnded` where it has gone. */
  request<Verb extends HelperVerb>(verb: Verb, params: HelperParams<Verb>): Promise<HelperResults[Verb]>;
  readonly ended: Promise<void>;
  /** Ends it: its standard input is closed. */
  dispose(): void;
}

/**
 * Starts the helper with pkexec(1), which asks for an administrator's password; directly where the caller is root.
 * `onAct` gets a line for each privileged act.
 * @throws ProblemError `helperDismissed`, `helperNotAuthorized`.
 */
export async function startHelper(helperFile: string, onAct: (line: string) => void): Promise<Helper> {
  const child = spawnHelper(helperFile);
  const connection = createMessageConnection(child.stdout, child.stdin);
  const ended = child.then(
    () => undefined,
    () => undefined,
  );
  const ready = new Promise<'ready'>((resolve) => connection.onNotification(HELPER_READY, () => resolve('ready')));
  connection.onNotification(HELPER_ACT, onAct);
  connection.onError(() => child.stdin.destroy());
  connection.listen();
  if ((await Promise.race([ready, ended])) !== 'ready') {
    const { exitCode, stderr } = await child;
    notStarted(exitCode, stderr);
  }
  return {
    request: (verb, params) => request(connection, ended, verb, params),
    ended,
    dispose: () => child.stdin.destroy(),
  };
}

function spawnHelper(helperFile: string) {
  const [file, ...args] = commandLine(helperFile);
  const options = {
    reject: false,
    buffer: { stdout: false, stderr: true },
    maxBuffer: 65_536,
    encoding: 'utf8',
    cleanup: true,
  } as const satisfies Options;
  return execa(file, args, options);
}

function commandLine(helperFile: string): readonly [string, ...string[]] {
  const [program, ...args] = runtime();
  const [pkexec] = elevation();
  return pkexec === undefined ? [program, ...args, helperFile] : [pkexec, program, ...args, helperFile];
}

function elevation(): readonly string[] {
  if (process.getuid?.() === 0) return [];
  return [requireProgram('pkexec')];
}

/** In a desktop VS Code this very program is Electron, which is a Node only when told so; pkexec(1) drops the caller's word. */
function runtime(): readonly [string, ...string[]] {
  if (basename(process.execPath).startsWith('node')) return [process.execPath];
  return ['/usr/bin/env', 'ELECTRON_RUN_AS_NODE=1', process.execPath];
}

/** pkexec(1): 126 is a dismissed dialog, 127 everything else that is not an authorisation. */
function notStarted(exitCode: number | undefined, stderr: string): never {
  const reason = reasonIn(stderr);
  if (exitCode === 126) fail('helperDismissed', { program: 'pkexec' });
  if (exitCode === 127) fail('helperNotAuthorized', { reason: reason || 'pkexec gave no reason' });
  fail('helperEnded', { reason: reason || `exit status ${exitCode ?? 'unknown'}` });
}

async function request<Verb extends HelperVerb>(
  connection: MessageConnection,
  ended: Promise<void>,
  verb: Verb,
  params: HelperParams<Verb>,
): Promise<HelperResults[Verb]> {
  const answer = connection
    .sendRequest<HelperResults[Verb]>(verb, params)
    .catch((error: unknown) => refused(verb, error));
  return Promise.race([answer, ended.then(() => fail('helperEnded', { reason: 'it was stopped or killed' }))]);
}

function refused(verb: HelperVerb, error: unknown): never {
  const reason = error instanceof Error ? error.message : String(error);
  if (error instanceof ResponseError && error.code === HELPER_REFUSED) fail('helperRefused', { verb, reason });
  fail('helperEnded', { reason });
}

/** pkexec(1) says what went wrong in a line of its own, and warns of the record in another. */
function reasonIn(stderr: string): string {
  const lines = stderr.trim().split('\n');
  return lines.find((line) => line.includes('Not authorized')) ?? lines.at(-1) ?? '';
}
