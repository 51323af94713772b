import { describe, expect, it } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { COMMANDS } from '../../src/ui/commands/table.ts';

const { commands, menus, views, viewsWelcome, terminal } = manifest.contributes;
const ids = Object.keys(COMMANDS).sort();

describe('the command table and package.json', () => {
  it('name the same commands', () => {
    expect(commands.map(({ command }) => command).sort()).toEqual(ids);
  });

  it('put every command in the category Sandboxes', () => {
    expect(commands.filter(({ category }) => category !== 'Sandboxes')).toEqual([]);
  });

  it('use only known commands in menus', () => {
    const used = Object.values(menus)
      .flat()
      .map(({ command }) => command);
    expect(used.filter((command) => !ids.includes(command))).toEqual([]);
  });

  it('end in … exactly where the command asks something', () => {
    const asking = commands.filter(({ title }) => title.endsWith('…')).map(({ command }) => command.split('.')[1]);
    expect(asking.sort()).toEqual([
      'addNetwork',
      'capture',
      'changeLinks',
      'compareProcesses',
      'connectNetwork',
      'deleteNetwork',
      'disconnectNetwork',
      'exportScript',
      'filterNamespaces',
      'goTo',
      'groupNamespaces',
      'linkNetworks',
      'linksDown',
      'linksUp',
      'networksExample',
      'newTerminal',
      'openAnotherTerminal',
      'openProc',
      'openTerminalInNamespace',
      'openTerminalInNetwork',
      'revealCgroup',
      'setAddress',
      'setInterfaceDown',
      'setInterfaceUp',
      'stop',
      'stopLab',
      'testReach',
    ]);
  });

  it('hide from the palette what needs a row of a tree', () => {
    const hidden = menus.commandPalette.filter(({ when }) => when === 'false').map(({ command }) => command);
    expect(hidden.map((command) => command.split('.')[1]).sort()).toEqual([
      'copyAddress',
      'copyInode',
      'copyNsenter',
      'copyPath',
      'copyPid',
      'openInBrowser',
      'openProc',
      'revealCgroup',
    ]);
  });

  it('give an icon to every inline and title button', () => {
    const buttons = [...menus['view/title'], ...menus['view/item/context']].filter(({ group }) =>
      /^(inline|navigation)/.test(group),
    );
    const withoutIcon = commands.filter((command) => !('icon' in command)).map(({ command }) => command);
    expect(buttons.filter(({ command }) => withoutIcon.includes(command))).toEqual([]);
  });
});

describe('the views of package.json', () => {
  const known = views.namespaceSandboxes.map(({ id }) => id);

  it('are the four trees', () => {
    expect(known).toEqual([
      'namespaceSandboxes.sandboxes',
      'namespaceSandboxes.namespaces',
      'namespaceSandboxes.cgroups',
      'namespaceSandboxes.networks',
    ]);
  });

  it('each say why they are empty, on Linux and elsewhere', () => {
    for (const id of known) {
      const conditions = viewsWelcome.filter(({ view }) => view === id).map(({ when }) => when);
      expect(conditions.filter((when) => when.startsWith('!namespaceSandboxes.isLinux'))).toHaveLength(1);
      expect(conditions.filter((when) => when.startsWith('namespaceSandboxes.isLinux')).length).toBeGreaterThan(0);
    }
  });

  it('link only to known commands', () => {
    const linked = viewsWelcome.flatMap(({ contents }) =>
      [...contents.matchAll(/\(command:([^)]+)\)/g)].map(([, id]) => id),
    );
    expect(linked.filter((id) => !ids.includes(id ?? ''))).toEqual([]);
  });

  it('stand beside one terminal profile', () => {
    expect(terminal.profiles.map(({ id, title }) => [id, title])).toEqual([['namespaceSandboxes.sandbox', 'Sandbox']]);
  });
});
