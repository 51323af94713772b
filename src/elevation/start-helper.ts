import { basename } from 'node:path';
import { createMessageConnection, ResponseError, type MessageConnection } from 'vscode-jsonrpc/node';
import { messageOf } from '../model/message-of.ts';
import { fail } from '../model/problem.ts';
import type { RootPurpose } from '../model/elevation.ts';
import { HELPER_ACT, HELPER_READY, HELPER_REFUSED } from '../protocol/helper.ts';
import type { HelperParams, HelperResults, HelperVerb } from '../protocol/helper.ts';
import { installedHelper } from './installed.ts';
import { NOBODY, type Person } from './person.ts';
import { startAsRoot, type RootChild } from './start-as-root.ts';

/** A running helper, as root. */
export interface Helper {
  /** @throws ProblemError `helperRefused`, or `helperEnded` where it has gone. */
  request<Verb extends HelperVerb>(verb: Verb, params: HelperParams<Verb>): Promise<HelperResults[Verb]>;
  readonly ended: Promise<void>;
  /** Ends it: its standard input is closed. */
  dispose(): void;
}

/**
 * Starts the helper as root: the installed one if it is that of this version, else the bundled file.
 * `onAct` gets a line for each privileged act.
 * @throws ProblemError of startAsRoot.
 */
export function startHelper(
  helperFile: string,
  onAct: (line: string) => void,
  person: Person = NOBODY,
  purpose: RootPurpose = 'sandbox',
): Promise<Helper> {
  return startAsRoot(commandLine(helperFile, person), purpose, person, (child) => connected(child, onAct));
}

/** Resolves once the helper has said that it is ready. */
async function connected(child: RootChild, onAct: (line: string) => void): Promise<Helper> {
  const connection = createMessageConnection(child.stdout, child.stdin);
  const ended = child.then(
    () => undefined,
    () => undefined,
  );
  const ready = new Promise<void>((resolve) => connection.onNotification(HELPER_READY, () => resolve()));
  connection.onNotification(HELPER_ACT, onAct);
  connection.onError(() => child.stdin.destroy());
  connection.listen();
  await ready;
  return {
    request: (verb, params) => request(connection, ended, verb, params),
    ended,
    dispose: () => child.stdin.destroy(),
  };
}

function commandLine(helperFile: string, person: Person): readonly [string, ...string[]] {
  if (process.getuid?.() !== 0) {
    const installed = installedHelper(helperFile);
    if (installed.state === 'current') return [installed.helper];
    if (installed.state !== 'none') person.passedOver(installed);
  }
  return [...runtime(), helperFile];
}

/** In a desktop VS Code this very program is Electron, which is a Node only when told so; pkexec(1) drops the caller's word. */
function runtime(): readonly [string, ...string[]] {
  if (basename(process.execPath).startsWith('node')) return [process.execPath];
  return ['/usr/bin/env', 'ELECTRON_RUN_AS_NODE=1', process.execPath];
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
  const reason = messageOf(error);
  if (error instanceof ResponseError && error.code === HELPER_REFUSED) fail('helperRefused', { verb, reason });
  fail('helperEnded', { reason });
}
