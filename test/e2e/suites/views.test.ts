import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import {
  closeEverything,
  openSidebar,
  picture,
  rowsOf,
  setSidebarWidth,
  skip,
  toggleRow,
  until,
  workbenchPage,
} from './workbench.ts';

const NARROW = 300;
const WIDE = 480;

describe('views', () => {
  beforeEach(async function () {
    await openSidebar(workbenchPage(this));
  });
  after(closeEverything);

  it('Sandboxes shows the built-in profiles and those of the workspace', async function () {
    const rows = (await rowsOf(workbenchPage(this), 'Sandboxes')).join('\n');
    for (const profile of ['throwaway', 'project', 'agent', 'learn', 'look', 'small'])
      assert.match(rows, new RegExp(profile));
  });

  it('Namespaces shows the eight types, with how many there are', async function () {
    const rows = await rowsOf(workbenchPage(this), 'Namespaces');
    assert.deepEqual(
      rows.slice(0, 8).map((row) => row.replace(/\d+ besides the host’s$/, '')),
      ['user', 'mnt', 'pid', 'net', 'ipc', 'uts', 'cgroup', 'time'],
    );
  });

  it('Cgroups shows the controllers and the hierarchies', async function () {
    const rows = await rowsOf(workbenchPage(this), 'Cgroups');
    assert.match(rows[0] ?? '', /^Controllers/);
    assert.ok(rows.length > 1);
  });

  it('an opened group stays open when the view is refreshed', async function () {
    const page = workbenchPage(this);
    await vscode.commands.executeCommand('namespaceSandboxes.showHost');
    await until('the host’s own', async () => (await rowsOf(page, 'Namespaces')).some((row) => /^uts\d+$/.test(row)));
    await toggleRow(page, 'Namespaces', 'uts');
    const own = /^yours/;
    await until('the uts namespace of this window', async () =>
      (await rowsOf(page, 'Namespaces')).some((row) => own.test(row)),
    );
    for (let times = 0; times < 3; times++) await vscode.commands.executeCommand('namespaceSandboxes.refresh');
    assert.ok((await rowsOf(page, 'Namespaces')).some((row) => own.test(row)));
    await toggleRow(page, 'Namespaces', 'uts');
    await vscode.commands.executeCommand('namespaceSandboxes.hideHost');
  });

  it('Namespaces shows what root saw until it is refreshed', async function () {
    if (process.getuid?.() !== 0) skip(this, 'only root starts the helper without a password');
    const page = workbenchPage(this);
    const says = async (): Promise<boolean> =>
      String(await page.evaluate('document.body.textContent')).includes('As root saw it at');
    await vscode.commands.executeCommand('namespaceSandboxes.scanAsRoot');
    await until('what root saw', says);
    assert.match((await rowsOf(page, 'Namespaces'))[0] ?? '', /^user\d+ besides/);
    await vscode.commands.executeCommand('namespaceSandboxes.refresh');
    await until('what is seen now', async () => !(await says()));
    await vscode.commands.executeCommand('namespaceSandboxes.stopHelper');
  });

  for (const width of [NARROW, WIDE]) {
    it(`are pictured in a sidebar of ${width} px`, async function () {
      const page = workbenchPage(this);
      await setSidebarWidth(page, width);
      await picture(page, `views-${width}`);
      await toggleRow(page, 'Namespaces', 'pid');
      await toggleRow(page, 'Cgroups', 'Controllers');
      await until('the controllers', async () => (await rowsOf(page, 'Cgroups')).length > 3);
      await picture(page, `views-opened-${width}`);
      await vscode.commands.executeCommand('workbench.actions.treeView.namespaceSandboxes.namespaces.collapseAll');
      await vscode.commands.executeCommand('workbench.actions.treeView.namespaceSandboxes.cgroups.collapseAll');
    });
  }
});
