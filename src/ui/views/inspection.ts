import type * as vscode from 'vscode';
import type { Inspector } from '../../discovery/details/client.ts';
import type { Listener } from '../../model/listener.ts';
import type { Found } from '../../model/namespace-details.ts';
import type { Namespace } from '../../model/namespace.ts';

/** Looks into namespaces when somebody asks; the thread that does it is started by the first question. */
export class Inspection implements vscode.Disposable {
  readonly #workerFile: string;
  #inspector: Promise<Inspector> | undefined;

  constructor(workerFile: string) {
    this.#workerFile = workerFile;
  }

  async details(namespace: Namespace): Promise<Found> {
    return (await this.#started()).details(namespace);
  }

  /** Who listens in any of these namespaces. */
  async listeners(namespaces: readonly Namespace[]): Promise<readonly Listener[]> {
    return (await this.#started()).listeners(namespaces.filter(({ type }) => type === 'net'));
  }

  dispose(): void {
    void this.#inspector?.then((inspector) => inspector.dispose());
  }

  #started(): Promise<Inspector> {
    return (this.#inspector ??= import('../../discovery/details/client.ts').then(({ startInspector }) =>
      startInspector(this.#workerFile),
    ));
  }
}
