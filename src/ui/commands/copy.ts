import * as vscode from 'vscode';
import { nsenterCommand } from '../../sandbox/nsenter-command.ts';
import type { Target } from './table.ts';

export async function copyInode(target: Target | undefined): Promise<void> {
  if (target?.kind === 'namespace') await copy(target.namespace.inode);
}

/** @throws ProblemError `namespaceGone` where nothing leads into it. */
export async function copyNsenter(target: Target | undefined): Promise<void> {
  if (target?.kind === 'namespace') await copy(nsenterCommand(target.namespace));
}

export async function copyPid(target: Target | undefined): Promise<void> {
  if (target?.kind === 'process') await copy(target.process.pid);
  if (target?.kind === 'sandbox') await copy(target.sandbox.pid);
}

export async function copyPath(target: Target | undefined): Promise<void> {
  if (target?.kind === 'cgroup') await copy(target.folder);
}

export async function copy(what: string | number): Promise<void> {
  await vscode.env.clipboard.writeText(String(what));
}
