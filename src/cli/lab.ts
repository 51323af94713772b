import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { HelperSession } from '../elevation/session.ts';
import { fail } from '../model/problem.ts';
import { conditionsGiven } from '../profile/link-conditions.ts';
import { EXAMPLE_LAB } from '../profile/example-lab.ts';
import { profilesFile } from '../profile/files.ts';
import { loadProfiles, resolveProfile } from '../profile/load.ts';
import { formatPort } from '../profile/ports.ts';
import type { ProfileFile } from '../profile/catalog.ts';
import { joinCommand } from '../sandbox/join.ts';
import { changeConditions, switchLinks } from '../sandbox/lab/change-links.ts';
import { findLab, runningLabs, sandboxesOf, stopLab, type RunningLab } from '../sandbox/lab/labs.ts';
import { labIdOf } from '../sandbox/lab/open-lab.ts';
import { launchSandbox } from '../sandbox/launch.ts';
import type { LaunchRequest } from '../sandbox/make-plan.ts';
import { findSandbox, stopSandbox } from '../sandbox/running.ts';
import type { Sandbox } from '../model/sandbox.ts';
import { homeFolder } from '../state/folders.ts';
import { cutOffSentence, linksText } from '../text/labs.ts';
import { noteSentence } from '../text/notes.ts';
import { cliSession } from './run.ts';
import { givenUpBySignal } from './signals.ts';
import { table } from './table.ts';
import { readOptions, UsageError } from './usage.ts';

const OPTIONS = {
  json: { type: 'boolean' },
  workspace: { type: 'string' },
  keep: { type: 'boolean' },
  file: { type: 'boolean' },
  delay: { type: 'string' },
  jitter: { type: 'string' },
  loss: { type: 'string' },
  rate: { type: 'string' },
  up: { type: 'boolean' },
  down: { type: 'boolean' },
} as const;

type Options = ReturnType<typeof readOptions<typeof OPTIONS>>['values'];

/** `unshared lab`: what is done with all sandboxes of a lab together. */
export async function lab(args: readonly string[]): Promise<number> {
  const { values, positionals } = readOptions('lab', args, OPTIONS);
  const [verb, ...names] = positionals;
  if (verb === 'start') return startLab(names, values);
  if (verb === 'link') return link(names, values);
  if (names.length > 1 || (verb !== 'stop' && names.length > 0)) throw new UsageError('Name one lab at most.', 'lab');
  if (verb === 'list') return list(values);
  if (verb === 'stop') return stop(names[0], values);
  if (verb === 'example') return example(values);
  throw new UsageError('Say one of list, start, stop, link and example.', 'lab');
}

function list({ json }: Options): number {
  const labs = runningLabs();
  if (json) return say(`${JSON.stringify(labs, undefined, 2)}\n`);
  if (labs.length === 0) return say('No lab is running.\n');
  const rows = labs.flatMap((running) =>
    running.lab.networks.flatMap(({ name, subnets, internet }) =>
      linksIn(name, running).map((link) => [
        running.lab.id,
        name,
        subnets.join(' '),
        internet ? 'internet' : '-',
        ...link,
      ]),
    ),
  );
  const text = table(['LAB', 'NETWORK', 'SUBNETS', 'WAY OUT', 'SANDBOX', 'LINK', 'ADDRESSES', 'PORTS'], rows);
  return say([text, ...labs.flatMap(cutOffLines)].join(''));
}

/** One row for each link, or for the network that has none now. */
function linksIn(network: string, running: RunningLab): readonly (readonly string[])[] {
  const sandboxes = sandboxesOf(running);
  const links = running.members.flatMap(({ sandbox, interfaces }) =>
    interfaces
      .filter((one) => one.network === network)
      .map(({ device, addresses }) => [sandbox, device, addresses.join(' '), portsOf(sandbox, sandboxes)]),
  );
  return links.length === 0 ? [['-', '-', '-', '-']] : links;
}

/** Those that lead inside, as the profile file writes them; then, after `out:`, those of this machine that can be reached there. */
function portsOf(id: string, sandboxes: readonly Sandbox[]): string {
  const { publish = [], hostPorts = [] } = sandboxes.find((sandbox) => sandbox.id === id)?.network ?? {};
  return [...publish.map(formatPort), ...hostPorts.map((port) => `out:${port}`)].join(' ') || '-';
}

function cutOffLines({ lab: { id }, cutOff }: RunningLab): readonly string[] {
  return cutOff.length === 0 ? [] : [`${cutOffSentence(id, cutOff)}\n`];
}

/** The profiles that are named, else all of the workspace that join a network. What runs already is left alone. */
async function startLab(names: readonly string[], { workspace = '.' }: Options): Promise<number> {
  const workspaceFolder = resolve(workspace);
  const file = profilesFile(workspaceFolder);
  const files = existsSync(file) ? [{ file, text: readFileSync(file, 'utf8'), source: 'workspace' as const }] : [];
  const requests = requestsOf(files, names, workspaceFolder);
  if (requests.length === 0) throw new UsageError(`No profile in ${file} has "networks".`, 'lab');
  const there = new Set(membersOfFile(file).map(({ profile }) => profile));
  const missing = requests.filter(({ profile }) => !there.has(profile.name));
  const sandboxes = await whileAtWork((session, signal) => startAll(missing, session, signal));
  for (const sandbox of sandboxes) say(`${sandbox.id}${addressesOf(sandbox)}\n`);
  return 0;
}

function requestsOf(
  files: readonly ProfileFile[],
  names: readonly string[],
  workspaceFolder: string,
): readonly LaunchRequest[] {
  const loaded = loadProfiles(files);
  const context = { workspaceFolder, env: process.env, home: homeFolder() };
  const wanted =
    names.length > 0 ? names : loaded.summaries.filter(({ source }) => source !== 'builtin').map(({ name }) => name);
  const profiles = wanted.map((name) => resolveProfile(loaded, name, context));
  return profiles
    .filter((profile) => names.length > 0 || profile.lab !== undefined)
    .map((profile) => ({ profile: { ...profile, lifetime: 'untilStopped' }, workspaceFolder }));
}

function membersOfFile(file: string): readonly Sandbox[] {
  const running = runningLabs().find((one) => one.lab.id === labIdOf(file));
  return running === undefined ? [] : sandboxesOf(running);
}

/** All of them, or none: those that were started end again where one fails, or where it is given up. */
async function startAll(
  requests: readonly LaunchRequest[],
  session: HelperSession,
  signal: AbortSignal,
): Promise<readonly Sandbox[]> {
  const started: Sandbox[] = [];
  try {
    for (const request of requests) {
      const { sandbox } = await launchSandbox({ ...request, signal }, session);
      started.push(sandbox);
      for (const note of sandbox.notes) process.stderr.write(`unshared: ${sandbox.id}: ${noteSentence(note)}\n`);
    }
    return started;
  } catch (error) {
    await stopAll(started, session);
    throw error;
  }
}

async function stopAll(sandboxes: readonly Sandbox[], session: HelperSession): Promise<void> {
  for (const sandbox of sandboxes) await stopSandbox(sandbox, session);
}

/** Its links go with the conditions that are given, or, without any, as they would by themselves. */
async function link([name, ...more]: readonly string[], values: Options): Promise<number> {
  if (name === undefined || more.length > 0)
    throw new UsageError('Name a network of the workspace, or a sandbox.', 'lab');
  const running = findLab(labOfWorkspace(values));
  const isNetwork = running.lab.networks.some((network) => network.name === name);
  const choice = isNetwork ? { network: name } : { sandbox: memberNamed(name, running) };
  if (values.up || values.down) await switchLinks(running, choice, values.down ? 'down' : 'up');
  else await changeConditions(running, choice, conditionsGiven(values));
  return 0;
}

function memberNamed(name: string, running: RunningLab): string {
  const { id } = findSandbox(name);
  return sandboxesOf(running).some((sandbox) => sandbox.id === id) ? id : fail('notInLab', {});
}

async function stop(id: string | undefined, values: Options): Promise<number> {
  await stopLab(findLab(id ?? labOfWorkspace(values)));
  return 0;
}

const labOfWorkspace = ({ workspace = '.' }: Options): string => labIdOf(profilesFile(resolve(workspace)));

/** Two sandboxes that ask each other for an echo, as with ip-netns(8), but without root. */
async function example({ keep, file }: Options): Promise<number> {
  if (file) return say(EXAMPLE_LAB.text);
  const requests = requestsOf([EXAMPLE_LAB], ['n1', 'n2'], process.cwd());
  return whileAtWork(async (session, signal) => {
    const sandboxes = await startAll(requests, session, signal);
    try {
      for (const sandbox of sandboxes) say(`${sandbox.profile} is ${sandbox.id}${addressesOf(sandbox)}\n`);
      return await pingEachOther(sandboxes, signal);
    } finally {
      if (!keep || signal.aborted) await stopAll(sandboxes, session);
      else say(`Enter one with: unshared enter ${sandboxes[0]?.id ?? ''}; end them with: unshared lab stop example\n`);
    }
  });
}

async function pingEachOther([one, other]: readonly Sandbox[], signal: AbortSignal): Promise<number> {
  const statuses = [await ping(one, 'n2', signal), await ping(other, 'n1', signal)];
  return statuses.every((status) => status === 0) ? 0 : 1;
}

async function ping(from: Sandbox | undefined, to: string, signal: AbortSignal): Promise<number> {
  signal.throwIfAborted();
  if (from === undefined) return 1;
  say(`\n${from.profile}# ping -c 2 ${to}\n`);
  const { execa } = await import('execa');
  const { file, args, env } = joinCommand(from, ['sh', '-c', PING, 'sh', to]);
  const { exitCode } = await execa(file, args, {
    env,
    extendEnv: false,
    reject: false,
    cancelSignal: signal,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return exitCode ?? 1;
}

/** Of busybox where there is no other. */
const PING = 'if command -v ping >/dev/null; then ping -c 2 "$1"; else busybox ping -c 2 "$1"; fi';

function addressesOf({ lab: joined }: Sandbox): string {
  return joined === undefined ? '' : `: ${linksText(joined.interfaces)}`;
}

/** What a signal gives up, with the helper if it is needed. */
function whileAtWork<Result>(work: (session: HelperSession, signal: AbortSignal) => Promise<Result>): Promise<Result> {
  return givenUpBySignal(async (signal) => {
    const session = cliSession();
    try {
      return await work(session, signal);
    } finally {
      session.dispose();
    }
  });
}

function say(text: string): number {
  process.stdout.write(text);
  return 0;
}
