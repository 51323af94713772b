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
      vscode.commands.registerCommand(id, (argument: unknown, selected: unknown) =>
        run(app, targetOf(argument), targetsOf(selected)).catch((error: unknown) => showError(app, error)),
      ),
    ),
  );
}

/** VS Code gives the row of a tree; a keybinding whatever its `args` say, of which only a name means something. */
function targetOf(argument: unknown): Target | undefined {
  if (typeof argument === 'string') return { kind: 'named', name: argument };
  return isNode(argument) ? argument.row.subject : undefined;
}

function isNode(argument: unknown): argument is Node {
  return typeof argument === 'object' && argument !== null && 'row' in argument;
}

/** VS Code gives the selected rows of a tree in which several can be. */
function targetsOf(selected: unknown): readonly Target[] {
  return Array.isArray(selected) ? selected.map(targetOf).filter((target) => target !== undefined) : [];
}
