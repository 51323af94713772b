import * as vscode from 'vscode';
import { sentences } from '../../text/problems.ts';
import { changes, TOP } from './changes.ts';
import { pathTo, type Sought } from './find-row.ts';
import type { Live } from './live.ts';
import type { Observation } from './observation.ts';
import type { Row } from './row.ts';

/** What VS Code holds of a row: the same object from one observation to the next, with the newest row in it. */
export interface Node {
  readonly id: string;
  readonly parent: Node | undefined;
  row: Row;
}

/** What a view shows. */
export interface Content {
  readonly rows: readonly Row[];
  /** What is said above the rows. */
  readonly message?: string | undefined;
}

/** How often VS Code is asked for a row. */
const TRIES = 5;

export type MakeContent = (observation: Observation) => Content;

/** A tree view of live rows; only what changed is drawn again. */
export class LiveTree implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  readonly #live: Live;
  readonly #makeContent: MakeContent;
  readonly #nodes = new Map<string, Node>();
  readonly #shown = new Map<string, readonly Row[]>();
  readonly #changed = new vscode.EventEmitter<Node[] | undefined>();
  /** Fires when VS Code has been given the top rows. */
  readonly #asked = new vscode.EventEmitter<void>();
  readonly #parts: vscode.Disposable;
  readonly #view: vscode.TreeView<Node>;
  #last: Observation | undefined;
  /** What is said of an observation that is kept. */
  #held: string | undefined;

  readonly onDidChangeTreeData = this.#changed.event;

  constructor(id: string, live: Live, makeContent: MakeContent, canSelectMany = false) {
    this.#live = live;
    this.#makeContent = makeContent;
    const view = vscode.window.createTreeView<Node>(id, {
      treeDataProvider: this,
      showCollapseAll: true,
      canSelectMany,
    });
    this.#view = view;
    this.#parts = vscode.Disposable.from(
      view,
      this.#changed,
      this.#asked,
      view.onDidChangeVisibility(({ visible }) => live.see(id, visible)),
      live.onDidObserve((observation) => {
        if (this.#held === undefined) this.#update(observation);
      }),
      live.onDidFail((error) => (view.message = sentences(error).join('\n'))),
    );
    if (view.visible) live.see(id, true);
  }

  /** Shows one observation, and no later one until the tree is to follow again. */
  hold(observation: Observation, message: string): void {
    this.#held = message;
    this.#update(observation);
  }

  /** Shows each observation from the next one on. */
  follow(): void {
    this.#held = undefined;
  }

  async getChildren(node?: Node): Promise<Node[]> {
    const rows = node ? node.row.children() : await this.#top();
    this.#show(node?.id ?? TOP, rows);
    if (!node) this.#asked.fire();
    return rows.map((row) => this.#nodeOf(row, node));
  }

  getParent({ parent }: Node): Node | undefined {
    return parent;
  }

  /** Selects the first row that shows something, opening what is above it. Says whether there is one. */
  async reveal(sought: Sought): Promise<boolean> {
    // Where the rows are being drawn, VS Code fails, or does nothing: it is asked again.
    for (let tries = 1; ; tries++) {
      const node = await this.#find(sought);
      if (node === undefined) return false;
      const failure = await this.#select(node);
      if (failure === undefined) return true;
      if (tries === TRIES) throw failure;
      await this.#drawnAgain();
    }
  }

  async #find(sought: Sought): Promise<Node | undefined> {
    const path = pathTo(sought, await this.#top()) ?? [];
    return path.reduce<Node | undefined>((above, row) => this.#nodeOf(row, above), undefined);
  }

  /** Undefined once the row is selected. */
  async #select(node: Node): Promise<Error | undefined> {
    try {
      await this.#view.reveal(node, { select: true, focus: true });
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
    if (this.#view.selection.some(({ id }) => id === node.id)) return undefined;
    return new Error(`VS Code does not select the row ${node.row.label}. Try again.`);
  }

  /** Resolves when VS Code has been given the top rows again; it asks for none where nobody sees them. */
  #drawnAgain(): Promise<void> {
    if (!this.#view.visible) return Promise.resolve();
    return new Promise((resolve) => {
      const waiting = vscode.Disposable.from(
        this.#asked.event(end),
        this.#view.onDidChangeVisibility(({ visible }) => {
          if (!visible) end();
        }),
      );
      this.#changed.fire(undefined);

      function end(): void {
        waiting.dispose();
        resolve();
      }
    });
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
    if (row.command !== undefined) item.command = { command: row.command, title: row.label };
    return item;
  }

  async resolveTreeItem(item: vscode.TreeItem, { row }: Node): Promise<vscode.TreeItem> {
    item.tooltip = row.tooltip ? new vscode.MarkdownString(await row.tooltip()) : row.label;
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
  say(message: string): void {
    this.#view.message = message;
  }

  async #top(): Promise<readonly Row[]> {
    if (process.platform !== 'linux') return [];
    this.#last ??= await this.#live.observe().catch(() => undefined);
    return this.#last ? this.#make(this.#last) : [];
  }

  #make(observation: Observation): readonly Row[] {
    const { rows, message } = this.#makeContent(observation);
    // An empty one is none: it must not be deleted, because then VS Code would see no later one.
    this.#view.message = [this.#held, message].filter((text) => text !== undefined).join(' ');
    return rows;
  }

  /** A root that VS Code has not asked for yet must not be announced: expanded groups would stay childless. */
  #update(observation: Observation): void {
    this.#last = observation;
    if (!this.#shown.has(TOP)) return;
    const { redraw, quiet } = changes(this.#shown, this.#make(observation));
    for (const [parent, rows] of quiet) this.#show(parent, rows);
    if (redraw.includes(TOP)) this.#changed.fire(undefined);
    else if (redraw.length > 0)
      this.#changed.fire(redraw.map((id) => this.#nodes.get(id)).filter((node) => node !== undefined));
  }

  #show(parent: string, rows: readonly Row[]): void {
    const staying = new Set(rows.map(({ id }) => id));
    for (const { id } of this.#shown.get(parent) ?? []) if (!staying.has(id)) this.#forget(id);
    this.#shown.set(parent, rows);
    for (const row of rows) this.#nodeOf(row, this.#nodes.get(parent));
  }

  #forget(id: string): void {
    const children = this.#shown.get(id) ?? [];
    this.#shown.delete(id);
    this.#nodes.delete(id);
    for (const child of children) this.#forget(child.id);
  }

  #nodeOf(row: Row, parent: Node | undefined): Node {
    const node = this.#nodes.get(row.id) ?? { id: row.id, parent, row };
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
