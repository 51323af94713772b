import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import * as v from 'valibot';
import { ErrorCodes } from 'vscode-jsonrpc';
import { messageOf } from '../model/message-of.ts';
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
import { framed } from './answers.ts';
import { clean } from './clean.ts';
import { idVerbs } from './ids.ts';
import { limitVerbs } from './limits.ts';
import { linkVerbs } from './links.ts';
import { lookVerbs } from './look.ts';
import { networkVerbs } from './networks.ts';
import { networkNamespaceVerbs } from './network-namespaces.ts';
import { messageBodies, parseRequest, type Request } from './requests.ts';
import { namespaceVerbs } from './start-namespaces.ts';
import { cleanUplinks, uplinkVerbs } from './uplinks.ts';

export interface Service {
  /** The user for whom root acts. */
  readonly uid: number;
  readonly input: Readable;
  readonly output: Writable;
  /** Writes one line about a privileged act to the machine's log. */
  readonly report: (line: string) => void;
}

/** Says one line about a privileged act, to the user and to the machine. */
export type Act = (line: string) => void;

/** One function a verb, which says what it has done, and returns the result. */
export type Verbs<Verb extends HelperVerb = HelperVerb> = {
  readonly [Each in Verb]: (params: HelperParams<Each>, act: Act) => HelperResults[Each] | Promise<HelperResults[Each]>;
};

/**
 * Answers requests, each before the next is read, until the input ends.
 * @throws RangeError at a message that is too long or has no plain header.
 */
export async function serve({ uid, input, output, report }: Service): Promise<void> {
  const send = (message: object): boolean =>
    framed({ jsonrpc: '2.0', ...message })
      .map((piece) => output.write(piece))
      .every(Boolean);
  const act: Act = (line) => {
    report(`uid ${uid}: ${line}`);
    send({ method: HELPER_ACT, params: [line] });
  };
  const verbs = allVerbs(uid);
  try {
    clean(uid, act);
  } catch (error) {
    act(`could not remove what an earlier helper left: ${String(error)}`);
  }
  send({ method: HELPER_READY });
  for await (const body of messageBodies(input, MAX_MESSAGE)) {
    const request = parseRequest(body);
    const answer = request
      ? await answerTo(request, verbs, act)
      : failure(ErrorCodes.InvalidRequest, 'this is no request');
    if (!send({ id: request?.id ?? null, ...answer })) await once(output, 'drain');
  }
}

function allVerbs(uid: number): Verbs {
  return {
    ...lookVerbs,
    ...limitVerbs(uid),
    ...networkNamespaceVerbs(uid, (act) => cleanUplinks(uid, act)),
    ...linkVerbs(uid),
    ...uplinkVerbs(uid),
    ...networkVerbs(uid),
    ...idVerbs(uid),
    ...namespaceVerbs(uid),
    clean: (_, act) => {
      clean(uid, act);
      return null;
    },
  };
}

async function answerTo({ method, params }: Request, verbs: Verbs, act: Act): Promise<object> {
  if (!isVerb(method)) return failure(ErrorCodes.MethodNotFound, 'this is no verb of the helper');
  const checked = v.safeParse(HELPER_VERBS[method], params);
  // to the schema library an array is an object too
  if (!checked.success || Array.isArray(params))
    return failure(HELPER_REFUSED, `the parameters of ${method} are wrong`);
  try {
    const run = verbs[method] as (params: unknown, act: Act) => unknown;
    return { result: await run(checked.output, act) };
  } catch (error) {
    return failure(HELPER_REFUSED, messageOf(error));
  }
}

function isVerb(method: string): method is HelperVerb {
  return Object.hasOwn(HELPER_VERBS, method);
}

function failure(code: number, message: string): object {
  return { error: { code, message } };
}
