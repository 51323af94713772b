import * as vscode from 'vscode';
import { findProgram } from '../../host/programs.ts';
import { ProblemError } from '../../model/problem.ts';
import { EXAMPLE_LAB } from '../../profile/example-lab.ts';
import { parseConditions } from '../../profile/link-conditions.ts';
import { loadProfiles, resolveProfile } from '../../profile/load.ts';
import { changeConditions, switchLinks } from '../../sandbox/lab/change-links.ts';
import { runningLabs, sandboxesOf, stopLab, type RunningLab } from '../../sandbox/lab/labs.ts';
import { homeFolder } from '../../state/folders.ts';
import { conditionsText } from '../../text/labs.ts';
import { sentences } from '../../text/problems.ts';
import { count } from '../../text/units.ts';
import type { App } from '../app.ts';
import { terminalsAllowed } from '../terminal/restricted.ts';
import { confirmedStop } from './sandboxes.ts';
import type { Target } from './table.ts';

/** Ends all sandboxes of a lab, and with the last one its hub. */
export async function stopRunningLab({ live, terminals }: App, target: Target | undefined): Promise<void> {
  const lab = target?.kind === 'lab' ? target.lab : await pickLab('Lab to stop');
  if (!lab) return;
  const sandboxes = sandboxesOf(lab);
  if (!(await confirmedStop(`${lab.lab.id} with ${count(sandboxes.length, 'sandbox', 'sandboxes')}`))) return;
  sandboxes.forEach((sandbox) => terminals.close(sandbox));
  await stopLab(lab);
  live.refresh();
}

/** Makes the links of a network slow, late or lossy while it runs, or ordinary again. */
export async function changeLinks({ live }: App, target: Target | undefined): Promise<void> {
  const chosen = await networkOf(target, 'Network whose links to change');
  if (!chosen) return;
  const { lab, network } = chosen;
  const conditions = lab.lab.networks.find(({ name }) => name === network)?.conditions ?? {};
  const text = await vscode.window.showInputBox({
    title: `Links of ${network}`,
    prompt:
      'Of delay, jitter, loss and rate those that are wanted, as in "delay 20ms jitter 5ms loss 1% rate 10mbit". Nothing makes them ordinary again.',
    value: conditionsText(conditions),
    validateInput: faultOfConditions,
  });
  if (text === undefined) return;
  await changeConditions(lab, { network }, parseConditions(text));
  live.refresh();
}

/** Takes all links of a network down, or up again. */
export async function switchNetwork(target: Target | undefined, state: 'up' | 'down'): Promise<void> {
  const chosen = await networkOf(target, `Network whose links to take ${state}`);
  if (chosen) await switchLinks(chosen.lab, { network: chosen.network }, state);
}

/** Two sandboxes with a terminal each, the first of which asks the second for an echo: the article's example without root. */
export async function openLabExample({ terminals }: App): Promise<void> {
  if (!(await terminalsAllowed())) return;
  const loaded = loadProfiles([EXAMPLE_LAB]);
  const context = { workspaceFolder: undefined, env: process.env, home: homeFolder() };
  const opened: vscode.Terminal[] = [];
  for (const name of ['n1', 'n2']) {
    const profile = resolveProfile(loaded, name, context);
    const sandbox = await terminals.launch({ profile: { ...profile, lifetime: 'window' }, workspaceFolder: undefined });
    if (!sandbox) return;
    opened.push(await terminals.open(sandbox));
  }
  opened[0]?.show();
  opened[0]?.sendText(`${findProgram('ping') ? 'ping' : 'busybox ping'} -c 3 n2`);
}

function faultOfConditions(text: string): string | undefined {
  try {
    parseConditions(text);
    return undefined;
  } catch (error) {
    return error instanceof ProblemError ? sentences(error).join(' ') : String(error);
  }
}

type ChosenNetwork = Pick<Extract<Target, { readonly kind: 'labNetwork' }>, 'lab' | 'network'>;

async function networkOf(target: Target | undefined, placeHolder: string): Promise<ChosenNetwork | undefined> {
  if (target?.kind === 'labNetwork') return target;
  const lab = target?.kind === 'lab' ? target.lab : await pickLab(placeHolder);
  if (!lab) return undefined;
  const names = lab.lab.networks.map(({ name }) => name);
  const network = names.length === 1 ? names[0] : await vscode.window.showQuickPick(names, { placeHolder });
  return network === undefined ? undefined : { lab, network };
}

/** The only one that runs, or the one that is picked. */
async function pickLab(placeHolder: string): Promise<RunningLab | undefined> {
  const labs = runningLabs();
  if (labs.length === 0) void vscode.window.showInformationMessage('No lab is running.');
  if (labs.length <= 1) return labs[0];
  const items = labs.map((lab) => ({ label: lab.lab.id, description: lab.lab.file, lab }));
  return (await vscode.window.showQuickPick(items, { placeHolder }))?.lab;
}
