import * as vscode from 'vscode';
import type { Problem } from '../../model/problem.ts';
import { sentence } from '../../text/problems.ts';
import { SOURCE_NAMES } from '../../text/sources.ts';
import type { ProfileSummary } from '../../profile/load.ts';
import type { Memory } from '../memory.ts';
import { windowProfiles } from '../profiles.ts';
import { openPlace } from '../show-error.ts';

/** Asks for one of the window's profiles; what is wrong in a profile file is said beside, and does not hide the others. */
export async function pickProfile(memory: Memory): Promise<string | undefined> {
  const { summaries, problems } = windowProfiles();
  void warnOf(problems);
  const picked = await vscode.window.showQuickPick(items(summaries, memory.lastProfile), {
    title: 'New Sandbox Terminal',
    placeHolder: 'Profile of the sandbox',
    matchOnDescription: true,
    matchOnDetail: true,
  });
  return picked?.name;
}

interface ProfileItem extends vscode.QuickPickItem {
  readonly name?: string;
}

function items(summaries: readonly ProfileSummary[], last: string | undefined): ProfileItem[] {
  const ofLast = summaries.filter(({ name }) => name === last);
  const others = summaries.filter(({ name }) => name !== last);
  return [
    ...section('used last', ofLast),
    ...(['builtin', 'user', 'workspace'] as const).flatMap((source) =>
      section(
        SOURCE_NAMES[source],
        others.filter((summary) => summary.source === source),
      ),
    ),
  ];
}

function section(label: string, summaries: readonly ProfileSummary[]): ProfileItem[] {
  if (summaries.length === 0) return [];
  return [
    { label, kind: vscode.QuickPickItemKind.Separator },
    ...summaries.map(({ name, description }) => ({
      label: name,
      detail: description,
      name,
      iconPath: new vscode.ThemeIcon('shield'),
    })),
  ];
}

async function warnOf(problems: readonly Problem[]): Promise<void> {
  const [first] = problems;
  if (!first) return;
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  const button = 'Open Profiles File';
  const chosen = await vscode.window.showWarningMessage(`${sentence(first)}${more}`, ...(first.place ? [button] : []));
  if (chosen === button && first.place) await openPlace(first.place);
}
