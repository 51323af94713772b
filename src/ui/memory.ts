import type * as vscode from 'vscode';
import type { Grouping } from './views/namespace-rows.ts';

/** What outlives the window: the only user of VS Code's storage. */
export class Memory {
  readonly #state: vscode.Memento;

  constructor(state: vscode.Memento) {
    this.#state = state;
  }

  get grouping(): Grouping {
    return this.#state.get<Grouping>('grouping', 'type');
  }

  set grouping(grouping: Grouping) {
    void this.#state.update('grouping', grouping);
  }

  /** The profile chosen last, which is offered first. */
  get lastProfile(): string | undefined {
    return this.#state.get<string>('lastProfile');
  }

  set lastProfile(name: string | undefined) {
    void this.#state.update('lastProfile', name);
  }
}
