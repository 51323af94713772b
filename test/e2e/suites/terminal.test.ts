import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { ask, exitCode, newSandboxTerminal, opened } from './terminals.ts';
import {
  closeEverything,
  openSidebar,
  picture,
  rowsOf,
  setSidebarWidth,
  terminalText,
  until,
  workbenchPage,
  type Page,
} from './workbench.ts';

describe('a terminal of the profile learn', () => {
  let page: Page;
  let terminal: vscode.Terminal;
  before(async function () {
    page = workbenchPage(this);
    terminal = await newSandboxTerminal('learn');
  });
  after(closeEverything);

  it('is root in namespaces of its own, all eight of them', async () => {
    assert.equal(await ask(page, terminal, 'whoami'), 'root');
    const inside = (await ask(page, terminal, 'readlink /proc/self/ns/*')).split(' ');
    const outside = new Set(NAMESPACES.map((type) => readlinkSync(`/proc/self/ns/${type}`)));
    const shared = inside.filter((namespace) => outside.has(namespace));
    assert.deepEqual(shared, []);
  });

  it('sees only its own processes', async () => {
    const pids = (await ask(page, terminal, 'ls /proc | grep -c "^[0-9]"')).trim();
    assert.ok(Number(pids) > 1 && Number(pids) < 12, `${pids} processes`);
    assert.match(await ask(page, terminal, 'ps -e -o comm='), /^namespace-sandb .*bash/);
  });

  it('has no descriptor of the window', async () => {
    const targets = await ask(page, terminal, 'readlink /proc/self/fd/* /proc/1/fd/* | sort -u');
    assert.doesNotMatch(targets, /\.log|\.sh/);
  });

  it('has a host name of its own, that may be changed', async () => {
    assert.equal(await ask(page, terminal, 'hostname'), 'learn');
    assert.equal(await ask(page, terminal, 'hostname demo-uts; hostname'), 'demo-uts');
  });

  it('may bind mounts and set addresses, on a loopback of its own', async () => {
    const bound = 'mkdir /tmp/a /tmp/b && mount --bind /tmp/a /tmp/b && findmnt --noheadings --output TARGET /tmp/b';
    assert.equal(await ask(page, terminal, bound), '/tmp/b');
    assert.match(await ask(page, terminal, 'ip addr add 10.9.8.7/32 dev lo; ip -brief addr'), /^lo [^#]*10\.9\.8\.7/);
    assert.equal(await ask(page, terminal, 'ipcs | grep -c 0x'), '0');
  });

  it('is on a pty of its own, and follows the size of the window', async () => {
    assert.equal(await ask(page, terminal, 'tty'), '/dev/pts/0');
    const before = await ask(page, terminal, 'stty size');
    await vscode.commands.executeCommand('workbench.action.toggleSidebarVisibility');
    await until('another size', async () => (await ask(page, terminal, 'stty size')) !== before);
    await vscode.commands.executeCommand('workbench.action.toggleSidebarVisibility');
  });

  it('Ctrl-C ends a command, and jobs can be stopped and continued', async () => {
    terminal.sendText('sleep 1001');
    await until('the command to run', () => runs('sleep 1001'));
    terminal.sendText('\x03', false);
    assert.equal(await ask(page, terminal, 'echo $?'), '130');
    terminal.sendText('sleep 1002');
    await until('the command to run', () => runs('sleep 1002'));
    terminal.sendText('\x1a', false);
    assert.match(await ask(page, terminal, 'jobs'), /Stopped/);
    terminal.sendText('kill %1; wait');
    await until('the job to end', async () => (await ask(page, terminal, 'jobs')) === '');
  });

  it('is seen in the views while it runs', async () => {
    await openSidebar(page);
    await until('its row', async () => (await rowsOf(page, 'Sandboxes')).some((row) => row.startsWith(terminal.name)));
    await vscode.commands.executeCommand('workbench.action.terminal.clear');
    terminal.sendText('id; hostname; ps; ip -brief address');
    await until('the addresses', async () => (await terminalText(page)).includes('127.0.0.1'));
    await setSidebarWidth(page, 300);
    await picture(page, 'terminal-learn-300');
  });

  it('gives its exit code on, and the sandbox is gone with it', async () => {
    const { name } = terminal;
    terminal.sendText('exit 3');
    assert.equal(await exitCode(terminal), 3);
    await until('its row to go', async () => !(await rowsOf(page, 'Sandboxes')).some((row) => row.startsWith(name)));
  });
});

describe('a terminal of the profile throwaway', () => {
  let page: Page;
  let terminal: vscode.Terminal;
  before(async function () {
    page = workbenchPage(this);
    terminal = await newSandboxTerminal('throwaway');
  });
  after(closeEverything);

  it('reads the workspace and cannot write to it', async () => {
    const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? '';
    assert.match(await ask(page, terminal, `ls ${folder}`), /survey\.sh/);
    assert.equal(await ask(page, terminal, `touch ${folder}/made-inside; echo $?`), '1');
    assert.equal(existsSync(join(folder, 'made-inside')), false);
  });

  it('has no network but a loopback, and nothing of the environment outside', async () => {
    assert.equal(await ask(page, terminal, 'ls /sys/class/net'), 'lo');
    assert.equal(await ask(page, terminal, 'env | grep -c -i vscode'), '0');
  });

  it('Open Another Terminal joins it, as confined as the first', async () => {
    const other = await opened(() =>
      vscode.commands.executeCommand('namespaceSandboxes.openAnotherTerminal', terminal.name),
    );
    for (const fact of [
      'readlink /proc/self/ns/pid',
      'grep -E "CapBnd|NoNewPrivs|Seccomp:" /proc/self/status',
      'cat /proc/self/cgroup',
    ])
      assert.equal(await ask(page, other, fact), await ask(page, terminal, fact), fact);
    assert.equal(await ask(page, other, 'umount /proc/sys; echo $?'), '32');
    other.dispose();
  });

  it('Stop ends it at once', async () => {
    await vscode.commands.executeCommand('namespaceSandboxes.stop', terminal.name);
    await exitCode(terminal);
  });
});

describe('the entry "Sandbox" in the terminal\'s own "+" menu', () => {
  after(closeEverything);

  it('opens a sandbox of the default profile', async function () {
    const page = workbenchPage(this);
    const settings = vscode.workspace.getConfiguration('namespaceSandboxes');
    await settings.update('defaultProfile', 'learn', vscode.ConfigurationTarget.Global);
    const terminal = await opened(async () => {
      void vscode.commands.executeCommand('workbench.action.terminal.newWithProfile');
      await page.click('.quick-input-list .monaco-list-row:has-text("Sandbox")');
    });
    assert.equal(await ask(page, terminal, 'hostname'), 'learn');
  });
});

const NAMESPACES = ['user', 'mnt', 'pid', 'net', 'ipc', 'uts', 'cgroup', 'time'];

/** Whether a command line is one of this machine's processes, which includes those of sandboxes. */
function runs(commandLine: string): boolean {
  return execFileSync('ps', ['-e', '-o', 'args='], { encoding: 'utf8' }).split('\n').includes(commandLine);
}
