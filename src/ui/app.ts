import type * as vscode from 'vscode';
import type { Documents } from './documents.ts';
import type { WindowHelper } from './helper/window-helper.ts';
import type { Memory } from './memory.ts';
import type { NetworkWatch } from './networks/network-watch.ts';
import type { SandboxTerminals } from './terminal/sandbox-terminals.ts';
import type { Inspection } from './views/inspection.ts';
import type { Live } from './views/live.ts';
import type { Views } from './views/views.ts';

/** What commands and views share; extension.ts makes the only one. */
export interface App {
  /** The folder of the extension. */
  readonly extensionUri: vscode.Uri;
  readonly log: vscode.LogOutputChannel;
  readonly memory: Memory;
  readonly live: Live;
  readonly inspection: Inspection;
  readonly helper: WindowHelper;
  readonly networks: NetworkWatch;
  readonly terminals: SandboxTerminals;
  readonly documents: Documents;
  readonly views: Views;
}
