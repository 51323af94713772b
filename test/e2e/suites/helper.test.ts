import assert from 'node:assert/strict';
import { execFileSync, spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { accept, deleteByCommand, makeExample, pageTexts } from './named-networks.ts';
import { ask, exitCode, newSandboxTerminal, opened } from './terminals.ts';
import {
  closeEverything,
  notifications,
  picture,
  skip,
  terminalText,
  until,
  workbenchPage,
  type Page,
} from './workbench.ts';

const SETTING = 'namespaceSandboxes';
const INSTALLED = '/usr/libexec/namespace-sandboxes';
const POLICY = '/usr/share/polkit-1/actions/namespace-sandboxes.policy';
const command = (name: string, ...args: readonly unknown[]): Thenable<unknown> =>
  vscode.commands.executeCommand(`${SETTING}.${name}`, ...args);

describe('the helper, for a user whom polkit grants it', () => {
  let page: Page;
  before(async function () {
    page = await besidePolkit(this);
  });
  after(leave);

  it('is not started by whoever says no, which is no error', async () => {
    const asked = command('newTerminal', 'limited');
    await question(page, LIMITS);
    await vscode.commands.executeCommand('notifications.clearAll');
    await asked;
    assert.equal(vscode.window.terminals.length, 0);
    assert.deepEqual(await notifications(page), []);
    assert.equal(await statusBar(page), false);
  });

  it('says before what root is for, and shows in the status bar while it runs', async () => {
    const opening = newSandboxTerminal('limited');
    assert.match(await question(page, LIMITS), /can be set by root alone here.*password may be asked for, once/);
    await until('it to have come up', async () => (await page.evaluate(SHOWN)) === true);
    await pictureBesideProgress(page, 'helper-asks');
    await agree(page);
    await opening;
    await until('the status bar item', () => statusBar(page));
    assert.match(rootsHelpers(), /\/extension\/dist\/helper\.cjs$/m);
    await picture(page, 'helper-runs');
  });

  it('makes networks for a user who may not enter them, and tries whom they reach', async () => {
    await closeEverything();
    const text = await makeExample(page, accept);
    assert.match(text, /^\| n1 +\| \(itself\) +\| ping +\|$/m);
    await vscode.commands.executeCommand('namespaceSandboxes.wiringAsRoot');
    await until('what root saw', async () => {
      const [note = ''] = await pageTexts(page, '#note');
      const titles = await pageTexts(page, '.box .title');
      return note.startsWith('As root saw it at') && ['n1', 'n2'].every((name) => titles.includes(name));
    });
    assert.ok((await pageTexts(page, '.pin .address')).includes('10.0.0.1/24'));
    for (const name of ['n1', 'n2']) await deleteByCommand(name);
  });

  it('is stopped by a click there', async () => {
    await closeSandboxes();
    await stop(page);
  });
});

describe('a root shell in the namespaces of root’s own process', () => {
  let page: Page;
  let target: RootsProcess;
  before(async function () {
    page = await besidePolkit(this);
    target = await rootsProcess();
  });
  after(async () => {
    await target.end();
    await leave();
  });

  it('is opened by nsenter where no helper is installed, and says that nothing has looked again', async () => {
    const terminal = await openAsRoot(page, target);
    assert.equal(await ask(page, terminal, 'id -u'), '0');
    assert.equal(await ask(page, terminal, 'readlink /proc/self/ns/net'), target.net);
    assert.match(await joinedText(page), /Not pinned: no helper is installed that would look again/);
    await picture(page, 'root-terminal-not-pinned');
    await closeEverything();
  });

  it('is opened by the installed helper’s enter, which ends with the shell’s own status', async () => {
    await install(page);
    const terminal = await openAsRoot(page, target);
    assert.equal(await ask(page, terminal, 'id -u'), '0');
    assert.equal(await ask(page, terminal, 'readlink /proc/self/ns/net'), target.net);
    assert.doesNotMatch(await joinedText(page), /Not pinned/);
    terminal.sendText('exit 3');
    assert.equal(await exitCode(terminal), 3);
    await closeEverything();
    await remove(page);
  });
});

describe('Install Helper and Remove Helper', () => {
  let page: Page;
  before(async function () {
    page = await besidePolkit(this);
  });
  after(leave);

  it('shows what root will run, installs it, and has it run by its own action from then on', async () => {
    await install(page);
    await picture(page, 'helper-installed');
    await closeEverything();
    const opening = newSandboxTerminal('limited');
    await question(page, LIMITS);
    await agree(page);
    await ask(page, await opening, 'true');
    assert.match(rootsHelpers(), new RegExp(`${INSTALLED}/helper\\.cjs$`, 'm'));
    assert.deepEqual(readdirSync(INSTALLED).sort(), ['enter', 'helper', 'helper.cjs']);
    await closeSandboxes();
  });

  it('takes all of it away, and ends the helper that runs', async () => {
    await remove(page);
    await until('the helper to end', async () => !(await statusBar(page)));
    assert.equal(rootsHelpers(), '');
  });
});

describe('the password, where no desktop asks for it', () => {
  let page: Page;
  before(async function () {
    page = await besidePolkit(this);
    const rules = '/etc/polkit-1/rules.d/00-test.rules';
    byPkexec('sed', '-i', "s/return '.*;/return 'auth_admin';/", rules);
    await until('polkit to ask', () => byPkexec('true') === 127);
  });
  after(leave);

  it('is not given by whoever closes the terminal that asks, which is no error', async () => {
    const asked = command('newTerminal', 'limited');
    const terminal = await passwordTerminal(page);
    await pictureBesideProgress(page, 'helper-password');
    terminal.dispose();
    await asked;
    const told = await question(page, 'The password dialog of pkttyagent was dismissed, so nothing was changed');
    await until('nothing else to be said', async () => (await notifications(page)).join('\n') === told);
    assert.equal(await statusBar(page), false);
    await vscode.commands.executeCommand('notifications.clearAll');
  });

  it('is typed into a terminal, which goes once the helper runs', async () => {
    const opening = newSandboxTerminal('limited');
    const terminal = await passwordTerminal(page);
    terminal.sendText('right password');
    await until('the status bar item', () => statusBar(page));
    await until('the terminal to go', () => !vscode.window.terminals.includes(terminal));
    await opening;
    assert.doesNotMatch(await terminalText(page), /right password/);
    await closeSandboxes();
    await stop(page);
  });
});

const LIMITS = 'The limits of this sandbox';
const SHOWN = `(({ opacity, transform }) => opacity === '1' && ['none', 'matrix(1, 0, 0, 1, 0, 0)'].includes(transform))(getComputedStyle(document.querySelector('.notification-toast')))`;
const ITEM = `[...document.querySelectorAll('.statusbar-item')].find((item) => item.textContent.includes('Helper as root'))`;

/** The page, and a profile whose limits only root can set here. */
async function besidePolkit(context: Mocha.Context): Promise<Page> {
  if (process.env.E2E_POLKIT === undefined) skip(context, 'no polkit that grants everything is beside this VS Code');
  await setProfiles({ limited: { extends: 'throwaway', limits: { mode: 'strict', 'pids.max': 50 } } });
  return workbenchPage(context);
}

async function leave(): Promise<void> {
  await command('stopHelper');
  await vscode.commands.executeCommand('notifications.clearAll');
  await closeEverything();
  await setProfiles(undefined);
}

/** A helper that is stopped before leaves their cgroups to the next one. */
async function closeSandboxes(): Promise<void> {
  await closeEverything();
  const find = ['/sys/fs/cgroup', '-maxdepth', '4', '-name', `${process.getuid?.() ?? ''}.limited-*`];
  await until('the cgroups to be removed', () => execFileSync('find', find, { encoding: 'utf8' }) === '');
}

async function install(page: Page): Promise<void> {
  const done = await asked(page, 'installHelper', 'The helper is to be copied');
  const shown = vscode.window.activeTextEditor?.document.getText() ?? '';
  assert.match(shown, /^# install\.sh RUNTIME HELPER SHA256/m);
  await agree(page);
  await done.end;
  await told(page, `The helper is installed and of this version: ${INSTALLED}/helper.`);
}

/** What a command asks, also where the workbench has only listed it: it pops up no more than three messages in a moment. */
async function asked(page: Page, name: string, start: string): Promise<{ readonly end: Thenable<unknown> }> {
  const end = command(name);
  await until(`the message ${start}`, async () => {
    if ((await notifications(page)).some((text) => text.startsWith(start))) return true;
    await vscode.commands.executeCommand('notifications.showList');
    return false;
  });
  return { end };
}

async function remove(page: Page): Promise<void> {
  const done = await asked(page, 'removeHelper', 'The installed helper is to be taken away.');
  await agree(page);
  await done.end;
  assert.deepEqual([existsSync(INSTALLED), existsSync(POLICY)], [false, false]);
  await told(page, 'No helper is installed');
}

interface RootsProcess {
  readonly pid: number;
  /** Its network namespace, as a link in /proc. */
  readonly net: string;
  readonly end: () => Promise<void>;
}

/** A process of root's in a network of its own, which ends with its input. */
async function rootsProcess(): Promise<RootsProcess> {
  const script = 'unshare --net sh -c \'echo $$ "$(readlink /proc/self/ns/net)"; exec cat\'';
  const child: ChildProcessWithoutNullStreams = spawn('pkexec', ['/bin/sh', '-c', script]);
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const [pid = '', net = ''] = line.toString().trim().split(' ');
  const exit = once(child, 'exit');
  const end = async (): Promise<void> => {
    child.stdin.end();
    await exit;
  };
  return { pid: Number(pid), net, end };
}

async function openAsRoot(page: Page, { pid }: RootsProcess): Promise<vscode.Terminal> {
  return opened(async () => {
    // As the row of a process gives it.
    const subject = { kind: 'process', process: { comm: 'cat', pid } };
    const done = command('openTerminalInNamespace', { row: { subject } });
    await page.click('.quick-input-list .monaco-list-row:has-text("Network and processes only")');
    await question(page, 'These namespaces belong to another user');
    await agree(page);
    await done;
  });
}

async function passwordTerminal(page: Page): Promise<vscode.Terminal> {
  await question(page, LIMITS);
  const terminal = await opened(() => agree(page));
  assert.equal(terminal.name, 'Password');
  await until('it to ask', async () => /Password: *$/.test((await terminalText(page)).trimEnd()));
  return terminal;
}

/** Progress moves without end, which a picture in two themes would wait for. */
async function pictureBesideProgress(page: Page, name: string): Promise<void> {
  await page.screenshot(join(process.env.E2E_SCREENSHOTS ?? '', `${name}.png`));
}

/** Lines are broken where the terminal ends. */
async function joinedText(page: Page): Promise<string> {
  return (await terminalText(page)).replaceAll(/\s*\n/g, ' ');
}

/** Exit status of a program that polkit is asked for. */
function byPkexec(...words: readonly string[]): number {
  try {
    execFileSync('pkexec', ['--disable-internal-agent', ...words], { stdio: 'ignore' });
    return 0;
  } catch (error) {
    return (error as { readonly status?: number }).status ?? -1;
  }
}

/** The command lines of helpers that run as root. */
function rootsHelpers(): string {
  const lines = execFileSync('ps', ['-u', '0', '-o', 'args='], { encoding: 'utf8' }).split('\n');
  return lines.filter((line) => line.endsWith('/helper.cjs')).join('\n');
}

async function stop(page: Page): Promise<void> {
  await page.evaluate(`${ITEM}.querySelector('a').click()`);
  await until('the status bar item to go', async () => !(await statusBar(page)));
}

async function statusBar(page: Page): Promise<boolean> {
  return (await page.evaluate(`Boolean(${ITEM}?.checkVisibility())`)) === true;
}

/** The message that begins with a text, once it is there. */
async function question(page: Page, start: string): Promise<string> {
  return until(`the message ${start}`, async () => (await notifications(page)).find((text) => text.startsWith(start)));
}

/** Waits for the last message, in the list of all: the workbench pops up no more than three in a moment. */
async function told(page: Page, start: string): Promise<void> {
  await vscode.commands.executeCommand('notifications.showList');
  await question(page, start);
  await vscode.commands.executeCommand('notifications.clearAll');
}

async function agree(page: Page): Promise<void> {
  const buttons = `[...document.querySelectorAll('.notification-list-item .monaco-button')]`;
  await page.evaluate(`${buttons}.find((one) => one.textContent.trim() === 'Continue').click()`);
}

async function setProfiles(profiles: object | undefined): Promise<void> {
  await vscode.workspace.getConfiguration(SETTING).update('profiles', profiles, vscode.ConfigurationTarget.Global);
}
