import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { accept, deleteByCommand, inPage, makeExample, pageTexts, quickInput } from './named-networks.ts';
import {
  chooseThisProcess,
  closeEverything,
  openSidebar,
  picture,
  rowsOf,
  setSidebarWidth,
  skip,
  terminalText,
  toggleRow,
  until,
  workbenchPage,
  type Page,
} from './workbench.ts';

const VIEW = 'Networks';
/** Longer than any box is wide, and nothing that a page may take for markup. */
const HOSTILE = 'zz<img-src=x-onerror=alert(1)>-and-a-name-that-is-longer-than-a-box';

describe('networks', () => {
  const made: string[] = [];
  before(function () {
    if (process.getuid?.() !== 0) skip(this, 'only root makes named networks without a password');
  });
  beforeEach(async function () {
    await openSidebar(workbenchPage(this));
    await vscode.commands.executeCommand('namespaceSandboxes.networks.focus');
  });
  after(async () => {
    await closeEverything();
    for (const name of made.splice(0)) ip('netns', 'delete', name);
    for (const name of ['n1', 'n2']) await deleteByCommand(name);
    await vscode.commands.executeCommand('namespaceSandboxes.stopHelper');
    // it begins closed, and takes room from the others
    await globalThis.vscShim?.evaluate(`${HEADER}.click()`);
  });

  function add(...names: readonly string[]): void {
    for (const name of names) {
      ip('netns', 'add', name);
      made.push(name);
    }
  }

  it('says what can be done where there is no network', async function () {
    const page = workbenchPage(this);
    if ((await rowsOf(page, VIEW)).length > 0) skip(this, 'this machine has named networks already');
    await until('the welcome text', async () => (await bodyText(page)).includes('No network namespace has a name yet'));
    await setSidebarWidth(page, 300);
    await picture(page, 'networks-empty');
  });

  it('opens two sandboxes of a lab that ping each other, which changes while it runs', async function () {
    const page = workbenchPage(this);
    await vscode.commands.executeCommand('namespaceSandboxes.labExample');
    await until('three answers', async () => / 3 (packets )?received/.test(await terminalText(page)));
    await until('the lab', async () => {
      const rows = await rowsOf(page, VIEW);
      return ['n110.0.0.1/24', 'n210.0.0.2/24'].every((text) => rows.some((row) => row.startsWith(text)));
    });
    await picture(page, 'networks-lab');
    const changed = vscode.commands.executeCommand('namespaceSandboxes.changeLinks');
    await until('the question', async () => (await quickInput(page)).includes('delay 20ms'));
    await page.evaluate(`(() => {
      const input = document.querySelector('.quick-input-widget input[type="text"]');
      input.value = 'rate 10mbit';
      input.dispatchEvent(new Event('input', { bubbles: true }));
    })()`);
    await accept();
    await changed;
    await until('the rate', async () => (await rowsOf(page, VIEW)).includes('lab10.0.0.0/24 · rate 10mbit'));
    await closeEverything();
    for (const name of ['n1-', 'n2-']) await vscode.commands.executeCommand('namespaceSandboxes.stop', name);
    await until('the end of the lab', async () => !(await rowsOf(page, VIEW)).some((row) => row.startsWith('Labs')));
  });

  it('makes two networks that reach each other, with the commands shown before', async function () {
    const page = workbenchPage(this);
    const text = await makeExample(page, async () => {
      await picture(page, 'networks-example');
      await accept();
    });
    assert.match(text, /^\| n1 +\| \(itself\) +\| ping +\|$/m);
    assert.match(text, /^\| n2 +\| ping +\| \(itself\) +\|$/m);
    await picture(page, 'networks-reach');
    await until('both networks', async () => {
      const rows = await rowsOf(page, VIEW);
      return ['n1', 'n2'].every((name) => rows.some((row) => row.startsWith(`${name}10.0.0.`)));
    });
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
  });

  it('links two networks by a form that suggests what is free', async function () {
    const page = workbenchPage(this);
    const done = vscode.commands.executeCommand('namespaceSandboxes.linkNetworks', 'n1');
    await until('the name', async () => (await quickInput(page)).includes('Name of the interface in n1'));
    await picture(page, 'networks-form');
    await until('the link', async () => {
      await accept();
      return execFileSync('ip', ['-n', 'n1', '-br', 'address'], { encoding: 'utf8' }).includes('10.0.1.1/24');
    });
    await done;
    ip('-n', 'n1', 'link', 'delete', 'veth1');
  });

  it('connects a network to the host by a form that shows its rules, and disconnects it', async function () {
    const page = workbenchPage(this);
    const connected = vscode.commands.executeCommand('namespaceSandboxes.connectNetwork', 'n1');
    for (const [what, name] of [
      ['Private subnet between n1 and the host', 'networks-uplink-subnet'],
      ['Name of the interface in n1', undefined],
      ['nft -f -', 'networks-uplink-rules'],
    ] as const) {
      await until(what, async () => (await quickInput(page)).includes(what));
      if (name !== undefined) await picture(page, name);
      await accept();
    }
    await connected;
    await until('the way out', async () => (await rowsOf(page, VIEW)).some((row) => row.startsWith('n1way out')));
    await picture(page, 'networks-uplink');
    const done = vscode.commands.executeCommand('namespaceSandboxes.disconnectNetwork', 'n1');
    await until('the commands', async () => (await quickInput(page)).includes('nft delete table inet unshared_0_0'));
    await picture(page, 'networks-uplink-end');
    await accept();
    await done;
    await until('its end', async () => !(await rowsOf(page, VIEW)).some((row) => row.startsWith('n1way out')));
    assert.ok(!execFileSync('nft', ['list', 'tables'], { encoding: 'utf8' }).includes('unshared_'));
  });

  it('shows the network of a sandbox', async function () {
    const page = workbenchPage(this);
    await vscode.commands.executeCommand('namespaceSandboxes.newTerminal', 'throwaway');
    await until('the sandbox', async () => (await rowsOf(page, VIEW)).some((row) => row.startsWith('throwaway-')));
    await picture(page, 'networks-sandbox');
    await closeEverything();
    await until('its end', async () => !(await rowsOf(page, VIEW)).some((row) => row.startsWith('throwaway-')));
  });

  it('shows named networks with their interfaces, in a narrow sidebar and a wide one', async function () {
    const page = workbenchPage(this);
    add(HOSTILE);
    ip('-n', 'n1', 'link', 'add', 'a23456789012345', 'type', 'bridge');
    await until('the third network', async () => (await rowsOf(page, VIEW)).some((row) => row.startsWith('zz<img')));
    await toggleRow(page, VIEW, 'n1');
    await until('its interfaces', async () => (await rowsOf(page, VIEW)).some((row) => row.startsWith('veth0')));
    for (const width of [300, 480]) {
      await setSidebarWidth(page, width);
      await picture(page, `networks-${width}`);
    }
    await setSidebarWidth(page, 300);
  });

  it('draws how they are wired, and follows', async function () {
    const page = workbenchPage(this);
    await vscode.commands.executeCommand('namespaceSandboxes.showWiring');
    await until('the picture', async () => (await pageTexts(page, '.box .title')).includes('n1'));
    assert.equal(await inPage(page, `document.querySelectorAll('img').length`), 0);
    assert.ok((await pageTexts(page, '.box .title')).some((text) => text.startsWith('zz<img-src=x')));
    assert.ok((await pageTexts(page, 'td')).some((text) => text === 'veth1 of n2'));
    await inPage(page, `document.querySelector('#filter').focus()`);
    await picture(page, 'wiring');
    add('late');
    ip('link', 'add', 'x', 'netns', 'n2', 'type', 'veth', 'peer', 'name', 'y', 'netns', 'late');
    await until('the new network', async () => (await pageTexts(page, '.box .title')).includes('late'));
  });

  it('is used with the keyboard', async function () {
    const page = workbenchPage(this);
    await inPage(page, `document.querySelector('.box[tabindex="0"]').focus()`);
    await inPage(page, `${KEY}('ArrowRight'), ${KEY}('ArrowDown')`);
    const heading = await until('a selected network', async () => (await pageTexts(page, '#actions h2'))[0]);
    assert.match(heading, /net:\[\d+\]/);
    await inPage(page, `${KEY}('Enter')`);
    assert.equal(await inPage(page, 'document.activeElement.textContent'), 'Open Terminal');
    await picture(page, 'wiring-selected');
  });

  it('compares a process of a network with another', async function () {
    const page = workbenchPage(this);
    const box = `[...document.querySelectorAll('.box')].find((one) => one.textContent.includes('this machine'))`;
    await inPage(page, `${box}.dispatchEvent(new MouseEvent('click', { bubbles: true }))`);
    await until('its actions', async () => (await pageTexts(page, '#actions button')).includes('Compare…'));
    const button = `[...document.querySelectorAll('#actions button')].find((one) => one.textContent === 'Compare…')`;
    await inPage(page, `${button}.click()`);
    await chooseThisProcess(page);
    const compared = await until('the comparison', () => {
      const document = vscode.window.activeTextEditor?.document;
      return document?.fileName.includes('compare') === true && document.getText();
    });
    assert.match(compared, /net namespace/);
    await vscode.commands.executeCommand('workbench.action.closeActiveEditor');
    await until('the picture', async () => (await pageTexts(page, '.box .title')).includes('late'));
  });

  it('is filtered to what matches and its neighbours', async function () {
    const page = workbenchPage(this);
    await type(page, 'late');
    await until('n2 and late', async () => [...(await pageTexts(page, '.box .title'))].sort().join() === 'late,n2');
    await type(page, 'nothing has this name');
    await until(
      'the empty text',
      async () => (await inPage(page, `document.querySelector('#empty').hidden`)) === false,
    );
    await picture(page, 'wiring-filtered');
    await type(page, '');
  });

  it('is exported whole as SVG and PNG, with the colours of the theme, and names as text', async function () {
    const page = workbenchPage(this);
    await until('the picture', async () => (await pageTexts(page, '.box .title')).includes('n1'));
    const svg = (await exported(page, 'svg')).toString('utf8');
    assert.ok(svg.includes('zz&lt;img-src=x') && !svg.includes('<img'));
    assert.match(svg, /--vscode-foreground: (#|rgb)/);
    const png = await exported(page, 'png');
    assert.deepEqual([...png.subarray(0, 4)], [0x89, 0x50, 0x4e, 0x47]);
    await vscode.commands.executeCommand('notifications.clearAll');
  });

  it('draws 50 networks on a bridge', async function () {
    const page = workbenchPage(this);
    ip('-n', 'n1', 'link', 'set', 'a23456789012345', 'up');
    ip('netns', 'delete', HOSTILE);
    made.splice(made.indexOf(HOSTILE), 1);
    await inPage(page, `document.querySelector('#frame').click()`);
    for (let number = 1; number <= 50; number += 1) {
      const name = `box-${number}`;
      add(name);
      ip('link', 'add', `p${number}`, 'netns', 'n1', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
      ip('-n', 'n1', 'link', 'set', `p${number}`, 'master', 'a23456789012345', 'up');
      ip('-n', name, 'address', 'add', `10.7.0.${number}/24`, 'dev', 'eth0');
      ip('-n', name, 'link', 'set', 'eth0', 'up');
    }
    await until('all of them', async () => (await pageTexts(page, '.box .title')).includes('box-50'), 40);
    await picture(page, 'wiring-50');
    await inPage(page, `document.querySelector('#asTable').click()`);
    await picture(page, 'wiring-table');
    await setSidebarWidth(page, 900);
    await picture(page, 'wiring-narrow');
    await setSidebarWidth(page, 300);
  });
});

const HEADER = `[...document.querySelectorAll('.pane-header')].find((header) => header.textContent.trim().startsWith('${VIEW}'))`;

function ip(...args: readonly string[]): void {
  execFileSync('ip', args);
}

async function bodyText(page: Page): Promise<string> {
  return String(await page.evaluate('document.body.textContent'));
}

/** The file that the button of the picture writes, where the dialog suggests. */
async function exported(page: Page, kind: 'svg' | 'png'): Promise<Buffer> {
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  const file = join(folder?.uri.fsPath ?? '', `wiring.${kind}`);
  await inPage(page, `document.querySelector('#${kind}').click()`);
  const input = `document.querySelector('.quick-input-widget input')?.value ?? ''`;
  await until('the dialog', async () => String(await page.evaluate(input)).endsWith(`wiring.${kind}`));
  await until('the file', async () => {
    await accept();
    return existsSync(file) && statSync(file).size > 0;
  });
  const content = readFileSync(file);
  rmSync(file);
  return content;
}

const KEY = `((key) => document.activeElement.dispatchEvent(
  new document.defaultView.KeyboardEvent('keydown', { key, bubbles: true, cancelable: true })))`;

async function type(page: Page, text: string): Promise<void> {
  await inPage(
    page,
    `((filter) => { filter.value = ${JSON.stringify(text)};
      filter.dispatchEvent(new document.defaultView.Event('input')); return true; })(document.querySelector('#filter'))`,
  );
}
