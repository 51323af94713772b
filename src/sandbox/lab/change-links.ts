import { join } from 'node:path';
import { requireProgram } from '../../host/programs.ts';
import { runProgram } from '../../host/run-program.ts';
import type { LabMember, LinkConditions } from '../../model/lab.ts';
import { fail } from '../../model/problem.ts';
import { conditionLines, hubEnd } from '../../network/lab-links.ts';
import { writeLab } from '../../state/labs.ts';
import { callerFolders } from '../caller.ts';
import { dropToShifted, planIds } from '../ids.ts';
import { shellWord } from '../script/quote.ts';
import { findSandbox } from '../running.ts';
import type { RunningLab } from './labs.ts';
import { isThere } from './members.ts';

/** Which links are meant: all of a network, those of a sandbox, or the one of a sandbox into a network. */
export interface LinkChoice {
  readonly network?: string | undefined;
  readonly sandbox?: string | undefined;
}

/**
 * Puts other conditions in the place of what held for links of a running lab, also, for a whole network, for who joins later.
 * @throws ProblemError `programMissing`, `qdiscMissing`, `linkFailed`.
 */
export async function changeConditions(
  running: RunningLab,
  choice: LinkChoice,
  conditions: LinkConditions,
): Promise<void> {
  requireProgram('tc');
  const ends = endsOf(running, choice);
  // What the kernel has not must be known before anything is taken away; and there may be nothing to take away.
  const tries = conditionLines('lo', conditions).map((line) => `tc ${line}`);
  const trial = tries.length === 0 ? [] : [`trap '${END_TRIAL}' EXIT`, END_TRIAL, ...tries, END_TRIAL];
  const clear = ends.map((end) => `tc qdisc del dev ${end} root 2>/dev/null || :`);
  const lines = ends.flatMap((end) => conditionLines(end, conditions)).map((line) => `tc ${line}`);
  if (ends.length > 0) await inHub(running, [...trial, ...clear, ...lines]);
  if (choice.sandbox !== undefined) return;
  const networks = running.lab.networks.map((one) => (one.name === choice.network ? { ...one, conditions } : one));
  writeLab(join(callerFolders().labs, running.lab.id), { ...running.lab, networks });
}

/** Also of a trial that has failed halfway. */
const END_TRIAL = 'tc qdisc del dev lo root 2>/dev/null || :';

/** Takes links of a running lab down, or up again. @throws ProblemError `linkFailed`. */
export async function switchLinks(running: RunningLab, choice: LinkChoice, state: 'up' | 'down'): Promise<void> {
  await inHub(
    running,
    endsOf(running, choice).map((end) => `ip link set dev ${end} ${state}`),
  );
}

function endsOf({ members }: RunningLab, { network, sandbox }: LinkChoice): readonly string[] {
  const chosen = members.filter((member) => sandbox === undefined || member.sandbox === sandbox);
  return chosen.flatMap((member) => endsOfMember(member, network));
}

/** Numbered as they were made. */
function endsOfMember({ sandbox, interfaces }: LabMember, network: string | undefined): readonly string[] {
  const { pid } = findSandbox(sandbox);
  return interfaces.flatMap((one, index) =>
    network === undefined || one.network === network ? [hubEnd(`${pid}`, index)] : [],
  );
}

/** As root of the hub, who is the caller outside. */
async function inHub({ lab: { hub } }: RunningLab, lines: readonly string[]): Promise<void> {
  if (!isThere(hub)) fail('linkFailed', { reason: 'its lab has ended' });
  const { uid, gid } = callerFolders();
  const enter = ['nsenter', '--target', `${hub.pid}`, '--preserve-credentials', '--user', '--net', 'sh', '-euc'];
  const words = [...dropToShifted(planIds(uid, gid)), ...enter, lines.join('\n')];
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };
  const line = `exec ${words.map(shellWord).join(' ')}`;
  const { exitCode, stderr } = await runProgram('/bin/sh', ['-c', line], { env });
  if (exitCode === 0) return;
  if (stderr.includes('qdisc kind is unknown')) fail('qdiscMissing', {});
  fail('linkFailed', { reason: stderr.trim().split('\n').at(-1) ?? '' });
}
