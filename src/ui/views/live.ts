import * as vscode from 'vscode';
import { config } from '../config.ts';
import type { Observation } from './observation.ts';
import type { Observer } from './observer.ts';

/**
 * Observes the machine again and again, but only while a view is visible.
 * The observer, and with it the engine and its worker thread, is loaded for the first observation.
 */
export class Live implements vscode.Disposable {
  readonly #workerFile: string;
  readonly #observed = new vscode.EventEmitter<Observation>();
  readonly #failed = new vscode.EventEmitter<unknown>();
  readonly #visible = new Set<string>();
  #observer: Promise<Observer> | undefined;
  #current: Promise<Observation> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #disposed = false;

  readonly onDidObserve = this.#observed.event;
  readonly onDidFail = this.#failed.event;

  constructor(workerFile: string) {
    this.#workerFile = workerFile;
  }

  /** The observation under way, or a new one. */
  observe(): Promise<Observation> {
    this.#current ??= this.#observeOnce().finally(() => (this.#current = undefined));
    return this.#current;
  }

  /** Tells that a view can be seen, or no longer. */
  see(view: string, visible: boolean): void {
    if (visible) this.#visible.add(view);
    else this.#visible.delete(view);
    if (visible) this.refresh();
    else if (this.#visible.size === 0) clearTimeout(this.#timer);
  }

  isSeen(view: string): boolean {
    return this.#visible.has(view);
  }

  /** Observes soon, if anything is visible. */
  refresh(): void {
    clearTimeout(this.#timer);
    if (this.#visible.size === 0 || this.#disposed) return;
    this.observe().then(
      () => this.#later(),
      () => this.#later(),
    );
  }

  #later(): void {
    clearTimeout(this.#timer);
    if (this.#visible.size > 0 && !this.#disposed)
      this.#timer = setTimeout(() => this.refresh(), config.refreshInterval());
  }

  async #observeOnce(): Promise<Observation> {
    try {
      this.#observer ??= import('./observer.ts').then(({ startObserver }) => startObserver(this.#workerFile));
      const observation = await (await this.#observer).observe();
      this.#observed.fire(observation);
      return observation;
    } catch (error) {
      this.#failed.fire(error);
      throw error;
    }
  }

  dispose(): void {
    this.#disposed = true;
    clearTimeout(this.#timer);
    void this.#observer?.then((observer) => observer.dispose());
    vscode.Disposable.from(this.#observed, this.#failed).dispose();
  }
}
