import { openSync, closeSync } from 'node:fs';
import type { Helper } from '../elevation/start-helper.ts';
import { requireProgram } from '../host/programs.ts';
import { messageOf } from '../model/message-of.ts';
import type { WiredNetwork } from '../model/wiring.ts';
import { runWithFiles } from '../network/wiring/run.ts';
import { parseTries, tryAddressesArguments, type Tries } from '../network/wiring/reach-script.ts';
import type { NetworkTarget } from '../protocol/helper.ts';

/** A network from which others are tried, and how it is entered. */
export interface ReachSource {
  readonly network: WiredNetwork;
  /** What leads into it: a path of /proc or of /run/netns. */
  readonly path: string;
  /** How the helper finds it; undefined where it is not the user's. */
  readonly at: NetworkTarget | undefined;
}

/** What was tried from one network: of each address what came of it, or why nothing could be tried. */
export type ReachRow = Tries | { readonly failed: string };

/**
 * Tries each address from a network: one ICMP echo request, and one TCP connect where a port is given.
 * A user enters the networks of own user namespaces; others through the helper, where it runs.
 */
export async function tryFrom(
  source: ReachSource,
  addresses: readonly string[],
  port: number | undefined,
  helper: Helper | undefined,
): Promise<ReachRow> {
  if (addresses.length === 0) return { tried: [], noPing: undefined };
  try {
    const output =
      helper && source.at
        ? await byHelper(source.at, addresses, port, helper)
        : await directly(source, addresses, port);
    return parseTries(output, addresses);
  } catch (error) {
    return { failed: messageOf(error) };
  }
}

async function byHelper(
  at: NetworkTarget,
  addresses: readonly string[],
  port: number | undefined,
  helper: Helper,
): Promise<string> {
  const asked = { at, addresses: [...addresses], ...(port === undefined ? {} : { port }) };
  return (await helper.request('networks/reach', asked)).output;
}

async function directly(
  { network, path }: ReachSource,
  addresses: readonly string[],
  port: number | undefined,
): Promise<string> {
  const tries = [requireProgram('perl'), ...tryAddressesArguments(addresses, port)];
  if (network.owner.kind === 'yours') return run(tries, []);
  const file = openSync(path, 'r');
  const user =
    process.getuid?.() === 0 || network.pid === undefined ? undefined : openSync(`/proc/${network.pid}/ns/user`, 'r');
  try {
    const enter = user === undefined ? [] : ['--user=/proc/self/fd/4', '--preserve-credentials'];
    const nsenter = [requireProgram('nsenter'), ...enter, '--net=/proc/self/fd/3', '--'];
    return await run([...nsenter, ...tries], user === undefined ? [file] : [file, user]);
  } finally {
    closeSync(file);
    if (user !== undefined) closeSync(user);
  }
}

/** @throws Error with the last line that it said on its standard error. */
async function run(words: readonly string[], files: readonly number[]): Promise<string> {
  const { output, said, status } = await runWithFiles(words, files);
  if (status !== 0) throw new Error(said || `it ended with ${status ?? 'a signal'}`);
  return output;
}
