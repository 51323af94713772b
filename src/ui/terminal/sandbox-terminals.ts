import * as vscode from 'vscode';
import type { Sandbox } from '../../model/sandbox.ts';
import type { Launched } from '../../sandbox/launch.ts';
import type { LaunchRequest } from '../../sandbox/make-plan.ts';
import type { JoinCommand } from '../../sandbox/join.ts';
import type { SpareKeeper } from '../../sandbox/spare.ts';
import { config } from '../config.ts';
import type { WindowHelper } from '../helper/window-helper.ts';
import type { Live } from '../views/live.ts';

interface Kept {
  readonly launched: Launched;
  readonly unwatch: () => void;
}

/** The sandboxes that this window has started, and when they end: their terminals are asked of VS Code, not remembered. */
export class SandboxTerminals implements vscode.Disposable {
  readonly #live: Live;
  readonly #log: vscode.LogOutputChannel;
  readonly #helper: WindowHelper;
  #spares: SpareKeeper | undefined;
  /** Waits for the terminal that VS Code opens next. */
  #opening: vscode.Disposable | undefined;
  readonly #kept = new Map<string, Kept>();
  readonly #closing = vscode.window.onDidCloseTerminal((terminal) => this.#closed(terminal));

  constructor(live: Live, log: vscode.LogOutputChannel, helper: WindowHelper) {
    this.#live = live;
    this.#helper = helper;
    this.#log = log;
  }

  /**
   * Starts a sandbox, with a notification once that takes longer than a moment. Undefined if the user has cancelled it.
   * @throws ProblemError of launchSandbox.
   */
  async launch(request: LaunchRequest): Promise<Sandbox | undefined> {
    const spares = await this.#spareKeeper();
    const launched = (await spares.take(request)) ?? (await this.#start(request));
    if (!launched) return undefined;
    await this.#keep(launched);
    if (config.warmSpare()) setTimeout(() => spares.prepare(request), A_WHILE);
    return launched.sandbox;
  }

  async #start(request: LaunchRequest): Promise<Launched | undefined> {
    const { launchSandbox } = await import('../../sandbox/launch.ts');
    const launching = launchSandbox(request, await this.#helper.session());
    return cancellable(`Starting a sandbox of "${request.profile.name}"…`, launching, (late) => this.#undo(late));
  }

  /** Opens a terminal in a running sandbox. Where only root can move it under the limits, its join script waits for it. */
  async open(sandbox: Sandbox): Promise<vscode.Terminal> {
    const { joinerPlacing } = await import('../../sandbox/limits/helper.ts');
    const place = await joinerPlacing(sandbox, await this.#helper.session());
    const terminal = vscode.window.createTerminal(await sandboxTerminal(sandbox));
    terminal.show();
    const pid = await terminal.processId;
    if (pid !== undefined) await place(pid);
    return terminal;
  }

  /**
   * A terminal in a running sandbox that VS Code itself opens.
   * @param onRefused is told why it was not moved under the limits, where only root can do that.
   */
  async profile(sandbox: Sandbox, onRefused: (error: unknown) => void): Promise<vscode.TerminalProfile> {
    const { joinerPlacing } = await import('../../sandbox/limits/helper.ts');
    const place = await joinerPlacing(sandbox, await this.#helper.session());
    const options = await sandboxTerminal(sandbox);
    this.#opening?.dispose();
    const opening = vscode.window.onDidOpenTerminal((terminal) => {
      if (!isIn(terminal, sandbox)) return;
      opening.dispose();
      terminal.processId.then((pid) => (pid === undefined ? undefined : place(pid))).then(undefined, onRefused);
    });
    this.#opening = opening;
    return new vscode.TerminalProfile(options);
  }

  /** Closes this window's terminals in a sandbox that is about to be stopped: their end is no error to report. */
  close(sandbox: Sandbox): void {
    for (const terminal of vscode.window.terminals) if (isIn(terminal, sandbox)) terminal.dispose();
  }

  /** Ends what lives as long as this window does; resolves when nothing of it is left. */
  async endAll(): Promise<void> {
    const ending = [...this.#kept.values()].filter(({ launched }) => launched.sandbox.lifetime !== 'untilStopped');
    for (const { launched } of ending) launched.release();
    await Promise.allSettled([this.#spares?.end(), ...ending.map(({ launched }) => launched.ended)]);
  }

  dispose(): void {
    this.#closing.dispose();
    this.#opening?.dispose();
    for (const { unwatch } of this.#kept.values()) unwatch();
  }

  async #spareKeeper(): Promise<SpareKeeper> {
    const { keepSpare } = await import('../../sandbox/spare.ts');
    this.#spares ??= keepSpare(await this.#helper.session());
    return this.#spares;
  }

  async #keep(launched: Launched): Promise<void> {
    const { sandbox, ended } = launched;
    const { watchLimits } = await import('./limit-watch.ts');
    const unwatch = watchLimits(sandbox);
    this.#kept.set(sandbox.id, { launched, unwatch });
    this.#log.info(`${sandbox.id} runs with pid ${sandbox.pid}`);
    const gone = (): void => {
      unwatch();
      this.#kept.delete(sandbox.id);
      this.#log.info(`${sandbox.id} has ended`);
      this.#live.refresh();
    };
    ended.then(gone, (error: unknown) => {
      this.#log.error(error instanceof Error ? error : String(error));
      gone();
    });
    this.#live.refresh();
  }

  #closed(terminal: vscode.Terminal): void {
    for (const { launched } of this.#kept.values()) {
      const { sandbox } = launched;
      if (sandbox.lifetime === 'terminal' && isIn(terminal, sandbox) && !hasTerminal(sandbox)) launched.release();
    }
  }

  async #undo({ sandbox }: Launched): Promise<void> {
    const { stopSandbox } = await import('../../sandbox/running.ts');
    await stopSandbox(sandbox);
  }
}

/** What a terminal in a sandbox is made of: the join script, with what the user should know as its first lines. */
async function sandboxTerminal(sandbox: Sandbox): Promise<vscode.TerminalOptions> {
  const { joinCommand } = await import('../../sandbox/join.ts');
  const { noteSentence } = await import('../../text/notes.ts');
  const message = sandbox.notes.map((note) => `\x1b[2m${noteSentence(note)}\x1b[0m`).join('\r\n');
  return {
    ...commandTerminal(sandbox.id, joinCommand(sandbox)),
    iconPath: new vscode.ThemeIcon('shield'),
    ...(message && { message }),
  };
}

/** A terminal that runs a command of ours, in no environment but its own, and is not brought back by VS Code after a reload. */
export function commandTerminal(name: string, { file, args, env }: JoinCommand): vscode.TerminalOptions {
  return { name, shellPath: file, shellArgs: [...args], env: { ...env }, strictEnv: true, cwd: '/', isTransient: true };
}

function hasTerminal(sandbox: Sandbox): boolean {
  return vscode.window.terminals.some((terminal) => terminal.exitStatus === undefined && isIn(terminal, sandbox));
}

/** A terminal is in a sandbox if it runs that sandbox's join script. */
function isIn({ creationOptions }: vscode.Terminal, { folder }: Sandbox): boolean {
  const args = 'shellArgs' in creationOptions ? creationOptions.shellArgs : undefined;
  return Array.isArray(args) && args[0]?.startsWith(`${folder}/`) === true;
}

const A_MOMENT = 500;
/** Until the terminal that was just opened is drawn and its shell has started. */
const A_WHILE = 2000;

/** The result, or undefined if cancelled; what comes after that is undone. */
async function cancellable<T extends object>(
  title: string,
  work: Promise<T>,
  undo: (late: T) => Promise<void>,
): Promise<T | undefined> {
  const quick = await Promise.race([
    work,
    new Promise<undefined>((resolve) => setTimeout(resolve, A_MOMENT, undefined)),
  ]);
  if (quick) return quick;
  const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
  return vscode.window.withProgress(options, (_, token) => {
    const cancelled = new Promise<undefined>((resolve) => {
      token.onCancellationRequested(() => {
        work.then(undo).catch(() => undefined);
        resolve(undefined);
      });
    });
    return Promise.race([work, cancelled]);
  });
}
