import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import * as vscode from 'vscode';
import { startApart, startCrowd, startInBwrap, WAIT, type Crowd } from './crowd.ts';
import {
  choose,
  chooseThisProcess,
  closeEverything,
  openSidebar,
  picture,
  pictureAsIs,
  ROWS_OF,
  rowsOf,
  setSidebarWidth,
  togglePane,
  toggleRow,
  until,
  workbenchPage,
  type Page,
} from './workbench.ts';

const PROCESSES = 5000;
/** A look reads a file of every process, in up to two threads; to be woken is a read too. */
const ONE_LOOK = PROCESSES / 4;
const CROWD = `${PROCESSES} processes`;

const VIEW = 'Namespaces';
const GROUPINGS = ['process', 'hierarchy', 'owner', 'container'] as const;

/** A name as long as the kernel keeps it, and a command line that no sidebar shows whole. */
const LONG = `printf a-very-long-nam >/proc/self/comm; ${WAIT} # ${'--with-an-argument '.repeat(20)}`;

/** Somebody listens in a network namespace of its own. */
const SERVER = `hostname web; ip link set lo up; export ELECTRON_RUN_AS_NODE=1; exec '${process.execPath}' -e '
  process.title = "web-server";
  require("node:http").createServer().listen(8080, "127.0.0.1", () => console.log("ready"));
  process.stdin.resume().on("end", () => process.exit())'`;

const run = (command: string, argument?: string): Thenable<unknown> =>
  vscode.commands.executeCommand(`namespaceSandboxes.${command}`, argument);
const collapseAll = (): Thenable<unknown> =>
  vscode.commands.executeCommand('workbench.actions.treeView.namespaceSandboxes.namespaces.collapseAll');

describe(`Namespaces, beside ${PROCESSES} processes`, () => {
  const crowds: Crowd[] = [];
  before(async function () {
    const page = workbenchPage(this);
    crowds.push(
      ...(await Promise.all([
        startCrowd(PROCESSES),
        startInBwrap(SERVER, '--net', '--uts', '--mount'),
        startApart(LONG, '--ipc', '--cgroup'),
      ])),
    );
    await openSidebar(page);
    await setSidebarWidth(page, 480);
    // The sizes that the views had are not got back: nothing that pictures all three comes after this suite.
    for (const other of ['Sandboxes', 'Cgroups']) await togglePane(page, other);
    await run('hideHost');
    await run('refresh');
  });
  after(async () => {
    await Promise.all(crowds.map((crowd) => crowd.end()));
    await run('clearFilter');
    await run('groupNamespaces', 'type');
    await closeEverything();
  });

  it('opens a node', async function () {
    const page = workbenchPage(this);
    // Before the crowd is seen the row has nothing to open.
    await until('the crowd', async () => (await rowsOf(page, VIEW)).some((row) => /^pid[1-9]\d* besides/.test(row)));
    await toggleRow(page, VIEW, 'pid');
    await rowWith(page, CROWD);
    const took = [await timeToOpen(page, CROWD, '501 – 1000'), await timeToOpen(page, '1 – 500', 'own user pid')];
    console.log(`        seen after ${took.map((time) => `${time.toFixed(0)} ms`).join(' and ')}`);
  });

  it('keeps what is open and selected when it is refreshed', async function () {
    const page = workbenchPage(this);
    const before = await rowsOf(page, VIEW);
    await clickRow(page, 'own user pid');
    const selected = await until('a selected row', () => selectedRow(page));
    for (let times = 0; times < 3; times++) await run('refresh');
    assert.deepEqual(await rowsOf(page, VIEW), before);
    assert.equal(await selectedRow(page), selected);
    await picture(page, 'namespaces-by-type');
    await collapseAll();
  });

  it('shows a new namespace, and no longer than it is there', async function () {
    const page = workbenchPage(this);
    const number = async (): Promise<string | undefined> =>
      (await rowsOf(page, VIEW)).find((row) => row.startsWith('time'));
    const before = await number();
    const one = await startApart(WAIT, '--time');
    const begun = Date.now();
    try {
      await until('the new namespace', async () => (await number()) !== before);
      console.log(`        seen after ${Date.now() - begun} ms`);
    } finally {
      await one.end();
    }
    await until('it to go', async () => (await number()) === before);
  });

  for (const grouping of GROUPINGS) {
    it(`is pictured by ${grouping}`, async function () {
      const page = workbenchPage(this);
      await run('groupNamespaces', grouping);
      const [first = ''] = await until('its rows', async () => {
        const rows = await rowsOf(page, VIEW);
        return rows.length > 0 && !rows[0]?.startsWith('usernamespaces') && rows;
      });
      assert.notEqual(first, '');
      await picture(page, `namespaces-by-${grouping}`);
      await collapseAll();
    });
  }

  it('goes to a process, without the filter that hides it', async function () {
    const page = workbenchPage(this);
    await run('groupNamespaces', 'process');
    await run('filterNamespaces', 'very-long');
    await rowWith(page, 'a-very-long-nam');
    await until('the message', async () => (await pageText(page)).includes('Filter “very-long”: '));
    await picture(page, 'namespaces-filtered');
    await setSidebarWidth(page, 300);
    await picture(page, 'namespaces-long-names-narrow');
    await run('filterNamespaces', 'no such thing');
    await until('no rows', async () => (await rowsOf(page, VIEW)).length === 0);
    await picture(page, 'namespaces-nothing-found-narrow');
    await setSidebarWidth(page, 480);
    void run('goTo');
    await chooseThisProcess(page);
    await until('its row', async () => (await selectedRow(page))?.includes(`${process.pid} ·`));
    await run('hideHost');
  });

  it('goes to who listens on a port, and tells what is in its network', async function () {
    const page = workbenchPage(this);
    await run('groupNamespaces', 'type');
    void run('goTo');
    await choose(page, '8080', 'tcp 127.0.0.1:8080 · web-server');
    await until('its row', async () => (await selectedRow(page))?.startsWith('web-server'));
    await run('groupNamespaces', 'container');
    await toggleRow(page, VIEW, 'unsharebwrap');
    await rowWith(page, 'net');
    await page.click('.monaco-list-row[aria-label^="net namespace"]');
    const hover = `[...document.querySelectorAll('.monaco-hover')].map((one) => one.textContent).join(' ')`;
    await until('the tooltip', async () => {
      // A row that is drawn again closes it.
      await vscode.commands.executeCommand('list.showHover');
      return String(await page.evaluate(hover)).includes('tcp 127.0.0.1:8080');
    });
    await pictureAsIs(page, 'namespaces-tooltip');
  });

  it('compares two processes', async function () {
    const page = workbenchPage(this);
    void run('compareProcesses');
    await chooseThisProcess(page);
    await choose(page, 'web-server', 'web-server');
    const text = await until('the comparison', () => {
      const shown = vscode.window.activeTextEditor?.document;
      return shown?.fileName.includes('compare') === true && shown.getText();
    });
    assert.match(text, /^They differ in: user namespace, mnt namespace, pid namespace, net namespace, uts namespace/m);
    await picture(page, 'namespaces-compared');
    await closeEverything();
  });

  it('asks nothing of the machine while it cannot be seen', async () => {
    const settings = vscode.workspace.getConfiguration('namespaceSandboxes');
    await settings.update('refreshInterval', 0.5, vscode.ConfigurationTarget.Global);
    try {
      const before = readsByThread();
      const scanners = await until('threads that look at the machine', () => {
        const busy = threadsThatRead(before, ONE_LOOK);
        return busy.length > 0 && busy;
      });
      await vscode.commands.executeCommand('workbench.view.explorer');
      await until('the end of the last look', async () => {
        const last = readsByThread();
        await intervals(2);
        return threadsThatRead(last, ONE_LOOK).every((tid) => !scanners.includes(tid));
      });
      const hidden = readsByThread();
      await intervals(4);
      assert.deepEqual(
        threadsThatRead(hidden, ONE_LOOK).filter((tid) => scanners.includes(tid)),
        [],
      );
      await vscode.commands.executeCommand('namespaceSandboxes.namespaces.focus');
      await until('looks at the machine again', () => threadsThatRead(hidden, ONE_LOOK).length > 0);
    } finally {
      await settings.update('refreshInterval', undefined, vscode.ConfigurationTarget.Global);
    }
  });
});

/** Whether that many looks could have been taken meanwhile. */
function intervals(count: number): Promise<unknown> {
  const end = Date.now() + count * 500;
  return until('time to pass', () => Date.now() > end);
}

/** Calls of read(2) so far, by the threads of the extension host (proc_pid_io(5)). */
function readsByThread(): ReadonlyMap<string, number> {
  const tids = readdirSync('/proc/self/task').filter((tid) => tid !== String(process.pid));
  return new Map(
    tids.flatMap((tid) => {
      try {
        const [, reads] = /^syscr: (\d+)$/m.exec(readFileSync(`/proc/self/task/${tid}/io`, 'utf8')) ?? [];
        return [[tid, Number(reads)]];
      } catch {
        return [];
      }
    }),
  );
}

function threadsThatRead(before: ReadonlyMap<string, number>, times: number): readonly string[] {
  return [...readsByThread()].filter(([tid, reads]) => reads - (before.get(tid) ?? 0) >= times).map(([tid]) => tid);
}

function rowWith(page: Page, text: string): Promise<string> {
  return until(`a row with ${text}`, async () => (await rowsOf(page, VIEW)).find((row) => row.includes(text)));
}

const rowIncluding = (text: string): string =>
  `${ROWS_OF}(${JSON.stringify(VIEW)}).find((row) => row.textContent.includes(${JSON.stringify(text)}))`;

async function pageText(page: Page): Promise<string> {
  return String(await page.evaluate('document.body.textContent'));
}

async function clickRow(page: Page, text: string): Promise<void> {
  await page.evaluate(`${rowIncluding(text)}.click()`);
}

/** Milliseconds from the click on a row until one beneath it is in the page. */
async function timeToOpen(page: Page, row: string, below: string): Promise<number> {
  return Number(
    await page.evaluate(`new Promise((resolve) => {
      const observer = new MutationObserver(() => {
        if (!${rowIncluding(below)}) return;
        observer.disconnect();
        resolve(performance.now() - begun);
      });
      observer.observe(document.body, { subtree: true, childList: true, characterData: true });
      const begun = performance.now();
      ${rowIncluding(row)}.click();
    })`),
  );
}

async function selectedRow(page: Page): Promise<string | undefined> {
  const selected = `${ROWS_OF}(${JSON.stringify(VIEW)}).find((row) => row.classList.contains('selected'))`;
  const text = await page.evaluate(`${selected}?.textContent.trim() ?? ''`);
  return typeof text === 'string' && text !== '' ? text : undefined;
}
