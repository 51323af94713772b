import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { closeEverything, EXTENSION, picture, until, workbenchPage } from './workbench.ts';

/** Who says it, and of what in the document. */
type Said = readonly [by: 'VS Code' | 'Sandboxes', of: string];

/** One mistake of each kind: a profile that has it, and what is then said of it. */
const MISTAKES: Readonly<Record<string, Said>> = {
  '"p01": { "hom": "kept" }': ['VS Code', '"hom"'],
  '"p02": { "home": "keep" }': ['VS Code', '"keep"'],
  '"p03": { "home": 3 }': ['VS Code', '3'],
  '"p04": { "hostname": "a_b" }': ['VS Code', '"a_b"'],
  '"p05": { "hostname": "x12345678-x12345678-x12345678-x12345678-x12345678-x12345678-x12345678" }': [
    'VS Code',
    '"x12345678-x12345678-x12345678-x12345678-x12345678-x12345678-x12345678"',
  ],
  '"p06": { "rootfs": 6 }': ['VS Code', '6'],
  '"p07": { "rootfs": { "sha256": "0000000000000000000000000000000000000000000000000000000000000000" } }': [
    'VS Code',
    '{ "sha256": "0000000000000000000000000000000000000000000000000000000000000000" }',
  ],
  '"p08": { "tools": [8] }': ['VS Code', '8'],
  '"p09": { "mounts": [{ "bind": "/x", "to": "x9" }] }': ['VS Code', '"x9"'],
  '"p10": { "mounts": [{ "bind": "/x" }] }': ['Sandboxes', '{ "bind": "/x" }'],
  '"p11": { "limits": { "memory.max": "lots" } }': ['VS Code', '"lots"'],
  '"p12": { "limits": { "memory.max": -12 } }': ['VS Code', '-12'],
  '"p13": { "limits": { "memory.max": 13.5 } }': ['Sandboxes', '13.5'],
  '"p14": { "limits": { "pids.max": 14000000 } }': ['Sandboxes', '14000000'],
  '"p15": { "limits": { "cpu.max": 15 } }': ['VS Code', '15'],
  '"p16": { "limits": { "cpu.max": "0.016%" } }': ['Sandboxes', '"0.016%"'],
  '"p17": { "time": { "boottime": 17.5 } }': ['VS Code', '17.5'],
  '"p18": { "env": { "18": "x" } }': ['VS Code', '"18"'],
  '"p19": { "env": { "A": 19 } }': ['VS Code', '19'],
  '"p20": { "env": { "__proto__": "x" } }': ['Sandboxes', '"__proto__"'],
  '"p21": { "env": { "A": "${env:P21}" } }': ['Sandboxes', '"${env:P21}"'],
  '"p22": { "tools": ["${p22}"] }': ['Sandboxes', '"${p22}"'],
  '"p23": { "cwd": "${workspaceFolder}", "description": "\\u0000" }': ['Sandboxes', '"\\u0000"'],
  '"p24": { "cwd": "src" }': ['VS Code', '"src"'],
  '"p25": { "extends": "nobody" }': ['Sandboxes', '"nobody"'],
  '"p26": { "extends": "p26" }': ['Sandboxes', '"p26"'],
  '"p27": { "extends": "a b" }': ['VS Code', '"a b"'],
  '"p28": null': ['VS Code', 'null'],
  '"p 29": {}': ['VS Code', '"p 29"'],
  '"constructor": {}': ['Sandboxes', '"constructor"'],
  '"learn": {}': ['Sandboxes', '"learn"'],
  '"p32": { "namespaces": { "pid": "host" } }': ['VS Code', '"host"'],
  '"p33": { "namespaces": { "net": "here" } }': ['VS Code', '"here"'],
  '"p34": { "namespaces": { "net": "host" }, "network": "none" }': ['Sandboxes', '"network"'],
  '"p35": { "network": { "mode": "none", "publish": [35] } }': ['Sandboxes', '"publish"'],
  '"p36": { "network": { "mode": "internet", "publish": ["36:0"] } }': ['Sandboxes', '"36:0"'],
  '"p37": { "capabilities": { "add": ["CAP_37"] } }': ['VS Code', '"CAP_37"'],
  '"p38": { "rlimits": { "nofile": "38:37" } }': ['Sandboxes', '"38:37"'],
  '"p39": { "user": -39 }': ['VS Code', '-39'],
};

const RIGHT = '"right": { "extends": "p00", "limits": { "memory.max": "1.5G" }, "env": { "A": "${env:PATH}" } }';

describe('the profile file in the editor', () => {
  let original: string;
  let document: vscode.TextDocument;
  before(async () => {
    await until('the activation for a workspace with a profile file', isActive);
    assert.deepEqual(servers(), [], 'no server is to run before the file is open');
    const [folder] = vscode.workspace.workspaceFolders ?? [];
    const file = join(folder?.uri.fsPath ?? '', '.vscode/sandboxes.json');
    original = readFileSync(file, 'utf8');
    document = await vscode.workspace.openTextDocument(file);
    await vscode.window.showTextDocument(document);
  });
  after(async () => {
    await vscode.commands.executeCommand('workbench.action.files.revert');
    writeFileSync(document.uri.fsPath, original);
    await closeEverything();
  });

  it('has nothing said of it while it is right', async () => {
    await replaceAll(document, fileOf([RIGHT, '"p00": {}', '"broken": { "extends": "nobody" }']));
    await until('the server', () => saidOf(document).length > 0);
    await replaceAll(document, fileOf([RIGHT, '"p00": {}']));
    await until('silence', () => saidOf(document).length === 0);
  });

  it('has a server of its own, which is started anew after it was killed', async () => {
    const [first = 0] = await until('the server', () => servers().length === 1 && servers());
    process.kill(first, 'SIGKILL');
    await until('another server', () => servers().some((pid) => pid !== first));
  });

  it('has one thing said of each mistake, by VS Code or by Sandboxes', async function () {
    const expected = Object.values(MISTAKES).map(([by, of]) => `${by}: ${of}`);
    await replaceAll(document, fileOf(Object.keys(MISTAKES)));
    await settled(document, expected);
    const sandboxes = vscode.languages.getDiagnostics(document.uri).filter(({ source }) => source === 'Sandboxes');
    for (const { code, message } of sandboxes) {
      assert.match(typeof code === 'string' ? code : '', /^[a-z]+[A-Z]/);
      assert.doesNotMatch(message, /sandboxes\.json:/);
    }
    await vscode.commands.executeCommand('workbench.actions.view.problems');
    await picture(workbenchPage(this), 'diagnostics');
    await vscode.commands.executeCommand('workbench.action.closePanel');
  });

  it('has one thing less said of it when a mistake is mended', async () => {
    await replaceAll(document, fileOf(['"a": { "extends": "nobody" }', '"b": { "limits": { "pids.max": 5000000 } }']));
    await settled(document, ['Sandboxes: "nobody"', 'Sandboxes: 5000000']);
    await replace(document, 'nobody', 'agent');
    await settled(document, ['Sandboxes: 5000000']);
    await replace(document, '5000000', '500');
    await settled(document, []);
  });

  it('has its syntax and its double keys said by VS Code alone', async () => {
    await replaceAll(document, '{ "profiles": { "a": { "home": "kept", "home": "empty" } "b": {} } }');
    await settled(document, ['VS Code: "home"', 'VS Code: "home"', 'VS Code: "b"']);
  });

  it('has its shape said by Sandboxes where it names a schema of its own', async () => {
    const own = vscode.Uri.joinPath(document.uri, '../own.json');
    await vscode.workspace.fs.writeFile(own, Buffer.from('{}'));
    await replaceAll(document, '{ "$schema": "./own.json", "profiles": { "a": { "home": "keep", "hom": 1 } } }');
    await settled(document, ['Sandboxes: "keep"', 'Sandboxes: "hom"']);
  });

  it("counts the user's profiles as known, as soon as they are in the settings", async () => {
    const settings = vscode.workspace.getConfiguration('namespaceSandboxes');
    await replaceAll(document, fileOf(['"a": { "extends": "mine" }']));
    await settled(document, ['Sandboxes: "mine"']);
    await settings.update('profiles', { mine: {} }, vscode.ConfigurationTarget.Global);
    await settled(document, []);
    await settings.update('profiles', undefined, vscode.ConfigurationTarget.Global);
    await settled(document, ['Sandboxes: "mine"']);
  });

  it('completes extends with each profile once', async () => {
    await replaceAll(document, fileOf(['"base": {}', '"a": { "extends": "" }']));
    const labels = await until('the names', async () => {
      const found = await labelsAt(document, '"extends": "');
      return found.length > 0 && found;
    });
    assert.deepEqual([...labels].sort(), ['agent', 'base', 'learn', 'project', 'throwaway']);
  });

  it('leaves the completion of keys and of other values to VS Code', async () => {
    await replaceAll(document, fileOf(['"a": { "home": "" }']));
    const labels = await until('the values', async () => {
      const found = await labelsAt(document, '"home": "');
      return found.length > 0 && found;
    });
    assert.deepEqual([...labels].sort(), ['"empty"', '"kept"']);
  });

  it('shows in a hover on extends what it gives', async () => {
    await replaceAll(document, fileOf(['"base": { "home": "kept" }', '"a": { "extends": "base" }']));
    const at = positionAfter(document, '"extends": "b');
    const texts = await until('the hover', async () => {
      const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
        'vscode.executeHoverProvider',
        document.uri,
        at,
      );
      const contents = hovers.flatMap((hover) => hover.contents);
      const all = contents.map((one) => (one instanceof vscode.MarkdownString ? one.value : ''));
      return all.some((text) => text.includes('base')) && all;
    });
    const ours = texts.filter((text) => /`base` \(this workspace\) → `throwaway` \(built in\)/.test(text));
    assert.equal(ours.length, 1);
    assert.match(ours[0] ?? '', /"home": "kept"/);
  });

  it('goes from extends to the profile', async () => {
    const found = await vscode.commands.executeCommand<readonly (vscode.Location | vscode.LocationLink)[]>(
      'vscode.executeDefinitionProvider',
      document.uri,
      positionAfter(document, '"extends": "b'),
    );
    const ranges = found.map((one) => ('range' in one ? one.range : one.targetRange));
    assert.deepEqual(
      ranges.map((range) => document.getText(range)),
      ['"base"'],
    );
  });
});

function isActive(): boolean | undefined {
  return vscode.extensions.getExtension(EXTENSION)?.isActive;
}

/** Children of this extension host that are language servers of this extension. */
function servers(): readonly number[] {
  const children = readFileSync('/proc/thread-self/children', 'utf8').trim().split(' ').filter(Boolean).map(Number);
  return children.filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('dist/server.cjs'));
}

function fileOf(profiles: readonly string[]): string {
  return `{\n  "profiles": {\n    ${profiles.join(',\n    ')}\n  }\n}\n`;
}

function saidOf(document: vscode.TextDocument): readonly string[] {
  return vscode.languages.getDiagnostics(document.uri).map(({ source, range }) => {
    const by = source === 'Sandboxes' ? source : 'VS Code';
    return `${by}: ${document.getText(range).split('\n')[0] ?? ''}`;
  });
}

/** Waits until exactly this is said, in whatever order; fails with what is said instead. */
async function settled(document: vscode.TextDocument, expected: readonly string[]): Promise<void> {
  const all = [...expected].sort().join('\n');
  const isAll = () => [...saidOf(document)].sort().join('\n') === all;
  await until('what is to be said', isAll).catch(() => assert.equal([...saidOf(document)].sort().join('\n'), all));
}

async function replaceAll(document: vscode.TextDocument, text: string): Promise<void> {
  const edit = new vscode.WorkspaceEdit();
  edit.replace(
    document.uri,
    new vscode.Range(document.positionAt(0), document.positionAt(document.getText().length)),
    text,
  );
  await vscode.workspace.applyEdit(edit);
}

async function replace(document: vscode.TextDocument, old: string, text: string): Promise<void> {
  const end = positionAfter(document, old);
  const edit = new vscode.WorkspaceEdit();
  edit.replace(document.uri, new vscode.Range(end.translate(0, -old.length), end), text);
  await vscode.workspace.applyEdit(edit);
}

function positionAfter(document: vscode.TextDocument, text: string): vscode.Position {
  return document.positionAt(document.getText().indexOf(text) + text.length);
}

async function labelsAt(document: vscode.TextDocument, text: string): Promise<readonly string[]> {
  const { items } = await vscode.commands.executeCommand<vscode.CompletionList>(
    'vscode.executeCompletionItemProvider',
    document.uri,
    positionAfter(document, text),
  );
  const named = items.filter(({ kind }) => kind !== vscode.CompletionItemKind.Text);
  return named.map(({ label }) => (typeof label === 'string' ? label : label.label));
}
