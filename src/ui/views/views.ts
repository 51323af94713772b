import * as vscode from 'vscode';
import { readCgroup } from '../../cgroup/readings.ts';
import { seenByRoot } from '../../text/namespaces.ts';
import { sentences } from '../../text/problems.ts';
import type { Memory } from '../memory.ts';
import type { NetworkWatch } from '../networks/network-watch.ts';
import { cgroupRows } from './cgroup-rows.ts';
import type { Sought } from './find-row.ts';
import type { Grouping } from './grouping.ts';
import type { Inspection } from './inspection.ts';
import type { Live } from './live.ts';
import { namespaceMessage, namespaceRows } from './namespace-rows.ts';
import { networkRows } from './network-rows.ts';
import type { Observation } from './observation.ts';
import { pictureOf } from './picture.ts';
import { sandboxRows } from './sandbox-rows.ts';
import { LiveTree, type Content } from './tree.ts';

/** What the trees show besides observations. */
export interface Sources {
  readonly inspection: Inspection;
  readonly networks: NetworkWatch;
  readonly memory: Memory;
}

/** The four trees of the activity bar's container. */
export class Views implements vscode.Disposable {
  readonly #memory: Memory;
  readonly #namespaces: LiveTree;
  readonly #cgroups: LiveTree;
  readonly #all: vscode.Disposable;
  #filter = '';

  constructor(live: Live, { inspection, networks, memory }: Sources) {
    this.#memory = memory;
    const namespaces = (observation: Observation): Content => {
      const choice = { filter: this.#filter, hostShown: memory.hostShown };
      const picture = pictureOf(observation, choice, (namespace) => inspection.details(namespace));
      return { rows: namespaceRows(picture, memory.grouping), message: namespaceMessage(picture) };
    };
    this.#namespaces = new LiveTree('namespaceSandboxes.namespaces', live, namespaces, true);
    this.#cgroups = new LiveTree('namespaceSandboxes.cgroups', live, (observation) => ({
      rows: cgroupRows(observation, readCgroup),
    }));
    const sandboxes = new LiveTree('namespaceSandboxes.sandboxes', live, (observation) => ({
      rows: sandboxRows(observation),
    }));
    const wired = new LiveTree('namespaceSandboxes.networks', live, (observation) => ({
      rows: networkRows(observation, networks.latest),
    }));
    this.#all = vscode.Disposable.from(
      sandboxes,
      this.#namespaces,
      this.#cgroups,
      wired,
      networks.onDidLook(() => wired.redraw()),
      networks.onDidFail((error) => wired.say(sentences(error).join('\n'))),
    );
    void this.#tellMenus();
  }

  get filter(): string {
    return this.#filter;
  }

  groupNamespaces(grouping: Grouping): void {
    this.#memory.grouping = grouping;
    this.#namespaces.redraw();
  }

  /** Shows only what has every one of these words. */
  async filterNamespaces(filter: string): Promise<void> {
    this.#filter = filter.trim();
    await this.#tellMenus();
    this.#namespaces.redraw();
  }

  async showHost(shown: boolean): Promise<void> {
    this.#memory.hostShown = shown;
    await this.#tellMenus();
    this.#namespaces.redraw();
  }

  /** Selects the row of something, without a filter, with the host's own, or grouped in another way where it is in none now. */
  async revealNamespace(sought: Sought, otherwise: Grouping): Promise<void> {
    if (await this.#namespaces.reveal(sought)) return;
    if (this.#filter !== '') await this.filterNamespaces('');
    if (await this.#namespaces.reveal(sought)) return;
    await this.showHost(true);
    if (await this.#namespaces.reveal(sought)) return;
    this.groupNamespaces(otherwise);
    await this.#namespaces.reveal(sought);
  }

  /** Selects the row of a cgroup's folder. Says whether there is one. */
  revealCgroup(folder: string): Promise<boolean> {
    return this.#cgroups.reveal({ folder });
  }

  /** Shows the namespaces as root has seen them, until they are to be followed again. */
  holdNamespaces(observation: Observation): void {
    this.#namespaces.hold(observation, seenByRoot(observation.at));
  }

  followNamespaces(): void {
    this.#namespaces.follow();
  }

  dispose(): void {
    this.#all.dispose();
  }

  /** Tells the menus what to offer. */
  async #tellMenus(): Promise<void> {
    const tell = (key: string, value: boolean): Thenable<unknown> =>
      vscode.commands.executeCommand('setContext', `namespaceSandboxes.${key}`, value);
    await Promise.all([tell('filtered', this.#filter !== ''), tell('hostShown', this.#memory.hostShown)]);
  }
}
