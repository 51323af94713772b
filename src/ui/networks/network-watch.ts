import * as vscode from 'vscode';
import type { Wiring } from '../../model/wiring.ts';
import type { Live } from '../views/live.ts';
import type { Observation } from '../views/observation.ts';

/** Views for which networks are read: while none of them is seen, nothing is. */
export const NETWORKS_VIEW = 'namespaceSandboxes.networks';
export const WIRING_PANEL = 'namespaceSandboxes.wiring';

/** The wiring of the networks, read after each observation while somebody looks at it. */
export class NetworkWatch implements vscode.Disposable {
  readonly #looked = new vscode.EventEmitter<Wiring>();
  readonly #failed = new vscode.EventEmitter<unknown>();
  readonly #observing: vscode.Disposable;
  #reading = false;
  #follows = true;
  #latest: Wiring | undefined;

  readonly onDidLook = this.#looked.event;
  readonly onDidFail = this.#failed.event;

  constructor(live: Live) {
    this.#observing = live.onDidObserve((observation) => {
      if (live.isSeen(NETWORKS_VIEW) || live.isSeen(WIRING_PANEL)) void this.#look(observation);
    });
  }

  /** What was read last; undefined before anything was. */
  get latest(): Wiring | undefined {
    return this.#latest;
  }

  /** Shows one wiring, and no later one until it is to follow again. */
  hold(wiring: Wiring): void {
    this.#follows = false;
    this.#tell(wiring);
  }

  follow(): void {
    this.#follows = true;
  }

  /** One reading at a time: what takes longer than the time between two observations passes some over. */
  async #look({ snapshot, sandboxes }: Observation): Promise<void> {
    if (this.#reading || !this.#follows) return;
    this.#reading = true;
    try {
      const { lookAtNetworks } = await import('../../sandbox/look-at-networks.ts');
      const wiring = await lookAtNetworks(
        snapshot,
        sandboxes.map(({ sandbox }) => sandbox),
      );
      this.#tellUnlessHeld(wiring);
    } catch (error) {
      this.#failed.fire(error);
    } finally {
      this.#reading = false;
    }
  }

  /** One may be held that came while this one was read. */
  #tellUnlessHeld(wiring: Wiring): void {
    if (this.#follows) this.#tell(wiring);
  }

  #tell(wiring: Wiring): void {
    this.#latest = wiring;
    this.#looked.fire(wiring);
  }

  dispose(): void {
    vscode.Disposable.from(this.#observing, this.#looked, this.#failed).dispose();
  }
}
