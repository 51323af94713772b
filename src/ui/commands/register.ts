import * as vscode from 'vscode';
import type { App } from '../app.ts';
import { showError } from '../show-error.ts';
import type { Node } from '../views/tree.ts';
import { COMMANDS, type Command, type Target } from './table.ts';

/** Registers every command; whatever one throws is told to the user. */
export function registerCommands(app: App): vscode.Disposable {
  const entries: readonly [string, Command][] = Object.entries(COMMANDS);
  return vscode.Disposable.from(
    ...entries.map(([id, run]) =>
      vscode.commands.registerCommand(id, (argument: Node | string | undefined, selected: unknown) =>
        run(app, targetOf(argument), targetsOf(selected)).catch((error: unknown) => showError(app, error)),
      ),
    ),
  );
}

function targetOf(argument: Node | string | undefined): Target | undefined {
  if (typeof argument === 'string') return { kind: 'named', name: argument };
  return argument?.row.subject;
}

/** VS Code gives the selected rows of a tree in which several can be. */
function targetsOf(selected: unknown): readonly Target[] {
  return Array.isArray(selected)
    ? (selected as readonly Node[]).map(targetOf).filter((target) => target !== undefined)
    : [];
}
