import * as vscode from 'vscode';
import type { Person } from '../../elevation/person.ts';
import type { RootPurpose } from '../../model/elevation.ts';
import { installedSentence, purposeSentence } from '../../text/elevation.ts';

const CONTINUE = 'Continue';

/** The user of this window: told by a notification what root is for, and asked for what no desktop asks. */
export function windowPerson(log: vscode.LogOutputChannel): Person {
  return {
    agrees: async (purpose) => {
      const text = `${purposeSentence(purpose)} ${DETAIL[purpose]}`;
      return (await vscode.window.showInformationMessage(text, CONTINUE)) === CONTINUE;
    },
    askOnTerminal: async () => (await import('./terminal-agent.ts')).terminalAgent(),
    password: async (again) =>
      vscode.window.showInputBox({
        title: 'Namespace Sandboxes',
        prompt: again ? 'That was not it. Password for sudo' : 'Password for sudo',
        password: true,
        ignoreFocusOut: true,
      }),
    passedOver: (installed) => {
      log.warn(installedSentence(installed));
      void vscode.window.showWarningMessage(installedSentence(installed));
    },
  };
}

const FOR_THE_HELPER =
  "An administrator's password may be asked for, once in this window; the status bar shows while it runs, and stops it.";
const ONCE = "An administrator's password may be asked for, for this alone.";
const DETAIL: Readonly<Record<RootPurpose, string>> = {
  sandbox: FOR_THE_HELPER,
  limits: FOR_THE_HELPER,
  scan: FOR_THE_HELPER,
  network: FOR_THE_HELPER,
  terminal: ONCE,
  installHelper: ONCE,
  removeHelper: ONCE,
};
