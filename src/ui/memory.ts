import type * as vscode from 'vscode';
import { isGrouping, type Grouping } from './views/grouping.ts';

/** What outlives the window: the only user of VS Code's storage. */
export class Memory {
  readonly #state: vscode.Memento;

  constructor(state: vscode.Memento) {
    this.#state = state;
  }

  get grouping(): Grouping {
    const grouping = this.#state.get<string>('grouping', 'type');
    return isGrouping(grouping) ? grouping : 'type';
  }

  set grouping(grouping: Grouping) {
    void this.#state.update('grouping', grouping);
  }

  /** Whether the namespaces of the host itself are shown. */
  get hostShown(): boolean {
    return this.#state.get<boolean>('hostShown', false);
  }

  set hostShown(shown: boolean) {
    void this.#state.update('hostShown', shown);
  }

  /** The profile chosen last, which is offered first. */
  get lastProfile(): string | undefined {
    return this.#state.get<string>('lastProfile');
  }

  set lastProfile(name: string | undefined) {
    void this.#state.update('lastProfile', name);
  }
}
