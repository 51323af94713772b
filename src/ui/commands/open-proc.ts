import * as vscode from 'vscode';
import { readFileSync } from 'node:fs';
import { startTimeOf } from '../../discovery/pin.ts';
import { fail } from '../../model/problem.ts';
import type { App } from '../app.ts';
import type { Target } from './table.ts';

/** Files of proc(5) that are text, and what they tell. */
const FILES = {
  status: 'Ids, memory, signals, capabilities, seccomp',
  cmdline: 'Its arguments',
  environ: 'Its environment at its start',
  cgroup: 'Its cgroup in each hierarchy',
  limits: 'Its limits of resources',
  mountinfo: 'The mounts of its mount namespace',
  maps: 'What is mapped into its memory',
  uid_map: 'User ids of its user namespace',
  gid_map: 'Group ids of its user namespace',
  timens_offsets: 'Clock offsets for its children',
  'net/dev': 'Links of its network namespace',
  'net/tcp': 'TCP sockets of its network namespace',
  'net/unix': 'Unix sockets of its network namespace',
  sched: 'What the scheduler counts',
  stack: 'Where in the kernel it waits (root)',
} as const;

/** Shows a file of /proc/PID, which the user picks, as it is now. */
export async function openProc({ documents }: App, target: Target | undefined): Promise<void> {
  if (target?.kind !== 'process') return;
  const { pid, startTime } = target.process;
  const items = Object.entries(FILES).map(([label, detail]) => ({ label, description: detail }));
  const picked = await vscode.window.showQuickPick(items, {
    placeHolder: `File of /proc/${pid} to show`,
    matchOnDescription: true,
  });
  if (!picked) return;
  const text = readFileSync(`/proc/${pid}/${picked.label}`, 'utf8');
  if (startTimeOf(pid) !== startTime) fail('processGone', { pid });
  await documents.show(`proc/${pid}/${picked.label}`, text.replaceAll('\0', '\n'));
}
