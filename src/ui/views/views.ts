import * as vscode from 'vscode';
import { readCgroup } from '../../cgroup/readings.ts';
import { sentences } from '../../text/problems.ts';
import { notSeen, seenByRoot } from '../../text/namespaces.ts';
import type { Memory } from '../memory.ts';
import { cgroupRows } from './cgroup-rows.ts';
import type { NetworkWatch } from '../networks/network-watch.ts';
import type { Live } from './live.ts';
import { namespaceRows, type Grouping } from './namespace-rows.ts';
import { networkRows } from './network-rows.ts';
import { sandboxRows } from './sandbox-rows.ts';
import type { Observation } from './observation.ts';
import { LiveTree } from './tree.ts';

/** The four trees of the activity bar's container. */
export class Views implements vscode.Disposable {
  readonly #memory: Memory;
  readonly #namespaces: LiveTree;
  readonly #all: vscode.Disposable;

  constructor(live: Live, memory: Memory, networks: NetworkWatch) {
    this.#memory = memory;
    this.#namespaces = new LiveTree(
      'namespaceSandboxes.namespaces',
      live,
      (observation) => namespaceRows(observation, memory.grouping),
      ({ snapshot }) => notSeen(snapshot).join(' ') || undefined,
    );
    const wired = new LiveTree('namespaceSandboxes.networks', live, (observation) =>
      networkRows(observation, networks.latest),
    );
    this.#all = vscode.Disposable.from(
      wired,
      networks.onDidLook(() => wired.redraw()),
      networks.onDidFail((error) => wired.say(sentences(error).join('\n'))),
      new LiveTree('namespaceSandboxes.sandboxes', live, sandboxRows),
      this.#namespaces,
      new LiveTree('namespaceSandboxes.cgroups', live, (observation) => cgroupRows(observation, readCgroup)),
    );
    void showGrouping(memory.grouping);
  }

  async groupNamespaces(grouping: Grouping): Promise<void> {
    this.#memory.grouping = grouping;
    await showGrouping(grouping);
    this.#namespaces.redraw();
  }

  /** Shows the namespaces as root has seen them, until they are to be followed again. */
  holdNamespaces(observation: Observation): void {
    const { at, snapshot } = observation;
    this.#namespaces.hold(observation, [seenByRoot(at), ...notSeen(snapshot)].join(' '));
  }

  followNamespaces(): void {
    this.#namespaces.follow();
  }

  dispose(): void {
    this.#all.dispose();
  }
}

/** Tells the menus which of the two grouping commands to offer. */
function showGrouping(grouping: Grouping): Thenable<unknown> {
  return vscode.commands.executeCommand('setContext', 'namespaceSandboxes.grouping', grouping);
}
