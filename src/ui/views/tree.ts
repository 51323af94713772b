import * as vscode from 'vscode';
import { sentences } from '../../text/problems.ts';
import { changes, TOP } from './changes.ts';
import type { Live } from './live.ts';
import type { Observation } from './observation.ts';
import type { Row } from './row.ts';

/** What VS Code holds of a row: the same object from one observation to the next, with the newest row in it. */
export interface Node {
  readonly id: string;
  row: Row;
}

export type MakeRows = (observation: Observation) => readonly Row[];

/** What is said above the rows; nothing, if undefined. */
export type MakeMessage = (observation: Observation) => string | undefined;

/** A tree view of live rows; only what changed is drawn again. */
export class LiveTree implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  readonly #live: Live;
  readonly #makeRows: MakeRows;
  readonly #nodes = new Map<string, Node>();
  readonly #shown = new Map<string, readonly Row[]>();
  readonly #changed = new vscode.EventEmitter<Node[] | undefined>();
  readonly #parts: vscode.Disposable;
  readonly #view: vscode.TreeView<Node>;
  #last: Observation | undefined;
  #held = false;

  readonly onDidChangeTreeData = this.#changed.event;

  constructor(id: string, live: Live, makeRows: MakeRows, makeMessage: MakeMessage = () => undefined) {
    this.#live = live;
    this.#makeRows = makeRows;
    const view = vscode.window.createTreeView<Node>(id, { treeDataProvider: this, showCollapseAll: true });
    this.#view = view;
    this.#parts = vscode.Disposable.from(
      view,
      this.#changed,
      view.onDidChangeVisibility(({ visible }) => live.see(id, visible)),
      live.onDidObserve((observation) => {
        if (this.#held) return;
        this.say(makeMessage(observation));
        this.#update(observation);
      }),
      live.onDidFail((error) => (view.message = sentences(error).join('\n'))),
    );
    if (view.visible) live.see(id, true);
  }

  /** Shows one observation, and no later one until the tree is to follow again. */
  hold(observation: Observation, message: string): void {
    this.#held = true;
    this.say(message);
    this.#update(observation);
  }

  /** Shows each observation from the next one on. */
  follow(): void {
    this.#held = false;
  }

  async getChildren(node?: Node): Promise<Node[]> {
    const rows = node ? node.row.children() : await this.#top();
    this.#show(node?.id ?? TOP, rows);
    return rows.map((row) => this.#nodeOf(row));
  }

  getTreeItem({ row }: Node): vscode.TreeItem {
    const item = new vscode.TreeItem(row.label, STATES[row.opening]);
    item.id = row.id;
    item.iconPath = new vscode.ThemeIcon(
      row.icon,
      row.color === undefined ? undefined : new vscode.ThemeColor(row.color),
    );
    item.accessibilityInformation = { label: row.spoken };
    if (row.description !== undefined) item.description = row.description;
    if (row.subject) item.contextValue = row.subject.kind;
    return item;
  }

  resolveTreeItem(item: vscode.TreeItem, { row }: Node): vscode.TreeItem {
    item.tooltip = row.tooltip ? new vscode.MarkdownString(row.tooltip()) : row.label;
    return item;
  }

  /** Makes the rows of the last observation again, after a choice of how to show them. */
  redraw(): void {
    if (this.#last) this.#update(this.#last);
  }

  dispose(): void {
    this.#parts.dispose();
  }

  /** Shows a text above the rows, until the next observation has another. */
  say(message: string | undefined): void {
    if (message === undefined) delete this.#view.message;
    else this.#view.message = message;
  }

  async #top(): Promise<readonly Row[]> {
    if (process.platform !== 'linux') return [];
    this.#last ??= await this.#live.observe().catch(() => undefined);
    return this.#last ? this.#makeRows(this.#last) : [];
  }

  /** A root that VS Code has not asked for yet must not be announced: expanded groups would stay childless. */
  #update(observation: Observation): void {
    this.#last = observation;
    if (!this.#shown.has(TOP)) return;
    const { redraw, quiet } = changes(this.#shown, this.#makeRows(observation));
    for (const [parent, rows] of quiet) this.#show(parent, rows);
    if (redraw.includes(TOP)) this.#changed.fire(undefined);
    else if (redraw.length > 0)
      this.#changed.fire(redraw.map((id) => this.#nodes.get(id)).filter((node) => node !== undefined));
  }

  #show(parent: string, rows: readonly Row[]): void {
    const staying = new Set(rows.map(({ id }) => id));
    for (const { id } of this.#shown.get(parent) ?? []) if (!staying.has(id)) this.#forget(id);
    this.#shown.set(parent, rows);
    for (const row of rows) this.#nodeOf(row);
  }

  #forget(id: string): void {
    const children = this.#shown.get(id) ?? [];
    this.#shown.delete(id);
    this.#nodes.delete(id);
    for (const child of children) this.#forget(child.id);
  }

  #nodeOf(row: Row): Node {
    const node = this.#nodes.get(row.id) ?? { id: row.id, row };
    node.row = row;
    this.#nodes.set(row.id, node);
    return node;
  }
}

const STATES: Readonly<Record<Row['opening'], vscode.TreeItemCollapsibleState>> = {
  leaf: vscode.TreeItemCollapsibleState.None,
  collapsed: vscode.TreeItemCollapsibleState.Collapsed,
  expanded: vscode.TreeItemCollapsibleState.Expanded,
};
