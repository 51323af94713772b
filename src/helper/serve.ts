import type { Readable, Writable } from 'node:stream';
import * as v from 'valibot';
import { createMessageConnection, ResponseError, type MessageConnection } from 'vscode-jsonrpc/node';
import {
  HELPER_ACT,
  HELPER_READY,
  HELPER_REFUSED,
  HELPER_VERBS,
  MAX_MESSAGE,
  type HelperParams,
  type HelperResults,
  type HelperVerb,
} from '../protocol/helper.ts';
import { boundedMessages } from './bounded.ts';
import { limitVerbs } from './limits.ts';

export interface Service {
  /** The user for whom root acts. */
  readonly uid: number;
  readonly input: Readable;
  readonly output: Writable;
  /** Writes one line about a privileged act to the machine's log. */
  readonly report: (line: string) => void;
}

/** One function a verb, which says what it has done, and returns the result. */
export type Verbs = {
  readonly [Verb in HelperVerb]: (params: HelperParams<Verb>, act: (line: string) => void) => HelperResults[Verb];
};

/** Answers requests until the input ends. */
export function serve({ uid, input, output, report }: Service): void {
  const connection = createMessageConnection(boundedMessages(input, MAX_MESSAGE), output);
  const act = (line: string): void => {
    report(`uid ${uid}: ${line}`);
    void connection.sendNotification(HELPER_ACT, line);
  };
  const verbs = limitVerbs(uid);
  for (const verb of Object.keys(HELPER_VERBS) as HelperVerb[]) answer(connection, verb, verbs, act);
  connection.onClose(() => process.exit(0));
  connection.onError(() => process.exit(1));
  connection.listen();
  void connection.sendNotification(HELPER_READY);
}

function answer(connection: MessageConnection, verb: HelperVerb, verbs: Verbs, act: (line: string) => void): void {
  const run = verbs[verb] as (params: unknown, act: (line: string) => void) => unknown;
  connection.onRequest(verb, (params: unknown) => {
    const checked = v.safeParse(HELPER_VERBS[verb], params);
    if (!checked.success) throw refusal(`the parameters of ${verb} are wrong`);
    try {
      return run(checked.output, act);
    } catch (error) {
      throw refusal(error instanceof Error ? error.message : String(error));
    }
  });
}

function refusal(reason: string): ResponseError {
  return new ResponseError(HELPER_REFUSED, reason);
}
