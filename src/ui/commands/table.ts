import type { App } from '../app.ts';
import type { Subject } from '../views/row.ts';

/** What a command acts on: a row of a tree, or the profile or sandbox that a keybinding names in its `args`. */
export type Target = Subject | { readonly kind: 'named'; readonly name: string };

/** A command asks for its target where it is given none and can ask. `selected`: all rows, where several are. */
export type Command = (app: App, target: Target | undefined, selected: readonly Target[]) => Promise<void>;

/** Every command of package.json. What a command needs is loaded when it is first used. */
export const COMMANDS = {
  'namespaceSandboxes.newTerminal': async (app, target) => (await import('./new-terminal.ts')).newTerminal(app, target),
  'namespaceSandboxes.openAnotherTerminal': async (app, target) =>
    (await import('./sandboxes.ts')).openAnotherTerminal(app, target),
  'namespaceSandboxes.stop': async (app, target) => (await import('./sandboxes.ts')).stop(app, target),
  'namespaceSandboxes.stopAll': async (app) => (await import('./sandboxes.ts')).stopAll(app),
  'namespaceSandboxes.showScript': async (app, target) => (await import('./show-script.ts')).showScript(app, target),
  'namespaceSandboxes.exportScript': async (app, target) =>
    (await import('./show-script.ts')).exportScript(app, target),
  'namespaceSandboxes.openProfilesFile': async () => (await import('./open-profiles-file.ts')).openProfilesFile(),
  'namespaceSandboxes.openTerminalInNamespace': async (app, target) =>
    (await import('./enter-namespace.ts')).openTerminalInNamespace(app, target),
  'namespaceSandboxes.checkThisHost': async (app) => (await import('./check-host.ts')).checkThisHost(app),
  'namespaceSandboxes.installHelper': async (app) => (await import('./helper.ts')).installHelper(app),
  'namespaceSandboxes.removeHelper': async (app) => (await import('./helper.ts')).removeHelper(app),
  'namespaceSandboxes.stopHelper': async (app) => (await import('./helper.ts')).stopHelper(app),
  'namespaceSandboxes.scanAsRoot': async (app) => (await import('./scan-as-root.ts')).scanAsRoot(app),
  'namespaceSandboxes.refresh': refresh,
  'namespaceSandboxes.groupNamespaces': async (app, target) =>
    (await import('./show-namespaces.ts')).groupNamespaces(app, target),
  'namespaceSandboxes.filterNamespaces': async (app, target) =>
    (await import('./show-namespaces.ts')).filterNamespaces(app, target),
  'namespaceSandboxes.clearFilter': ({ views }) => views.filterNamespaces(''),
  'namespaceSandboxes.showHost': ({ views }) => views.showHost(true),
  'namespaceSandboxes.hideHost': ({ views }) => views.showHost(false),
  'namespaceSandboxes.goTo': async (app) => (await import('./go-to.ts')).goTo(app),
  'namespaceSandboxes.compareProcesses': async (app, target, selected) =>
    (await import('./compare-processes.ts')).compareProcesses(app, target, selected),
  'namespaceSandboxes.showSnapshot': async (app) => (await import('./show-snapshot.ts')).showSnapshot(app),
  'namespaceSandboxes.revealCgroup': async (app, target) =>
    (await import('./reveal-cgroup.ts')).revealCgroup(app, target),
  'namespaceSandboxes.openProc': async (app, target) => (await import('./open-proc.ts')).openProc(app, target),
  'namespaceSandboxes.copyInode': async (_, target) => (await import('./copy.ts')).copyInode(target),
  'namespaceSandboxes.copyNsenter': async (_, target) => (await import('./copy.ts')).copyNsenter(target),
  'namespaceSandboxes.copyPid': async (_, target) => (await import('./copy.ts')).copyPid(target),
  'namespaceSandboxes.openInBrowser': async (_, target) => (await import('./ports.ts')).openInBrowser(target),
  'namespaceSandboxes.copyAddress': async (_, target) => (await import('./ports.ts')).copyAddress(target),
  'namespaceSandboxes.addNetwork': async (app) => (await import('./networks.ts')).addNetwork(app),
  'namespaceSandboxes.deleteNetwork': async (app, target) => (await import('./networks.ts')).deleteNetwork(app, target),
  'namespaceSandboxes.linkNetworks': async (app, target) => (await import('./networks.ts')).linkNetworks(app, target),
  'namespaceSandboxes.setAddress': async (app, target) => (await import('./networks.ts')).setAddress(app, target),
  'namespaceSandboxes.setInterfaceUp': async (app, target) =>
    (await import('./networks.ts')).setInterface(app, target, true),
  'namespaceSandboxes.setInterfaceDown': async (app, target) =>
    (await import('./networks.ts')).setInterface(app, target, false),
  'namespaceSandboxes.connectNetwork': async (app, target) =>
    (await import('./uplinks.ts')).connectNetwork(app, target),
  'namespaceSandboxes.disconnectNetwork': async (app, target) =>
    (await import('./uplinks.ts')).disconnectNetwork(app, target),
  'namespaceSandboxes.openTerminalInNetwork': async (app, target) =>
    (await import('./enter-network.ts')).openTerminalInNetwork(app, target),
  'namespaceSandboxes.networksExample': async (app) => (await import('./networks.ts')).networksExample(app),
  'namespaceSandboxes.labExample': async (app) => (await import('./labs.ts')).openLabExample(app),
  'namespaceSandboxes.stopLab': async (app, target) => (await import('./labs.ts')).stopRunningLab(app, target),
  'namespaceSandboxes.changeLinks': async (app, target) => (await import('./labs.ts')).changeLinks(app, target),
  'namespaceSandboxes.linksUp': async (_, target) => (await import('./labs.ts')).switchNetwork(target, 'up'),
  'namespaceSandboxes.linksDown': async (_, target) => (await import('./labs.ts')).switchNetwork(target, 'down'),
  'namespaceSandboxes.showWiring': async (app, target) => (await import('./wiring.ts')).showWiring(app, target),
  'namespaceSandboxes.wiringAsRoot': async (app) => (await import('./wiring.ts')).wiringAsRoot(app),
  'namespaceSandboxes.capture': async (app, target) => (await import('./capture.ts')).captureFrom(app, target),
  'namespaceSandboxes.testReach': async (app) => (await import('./reach.ts')).testReach(app),
  'namespaceSandboxes.copyPath': async (_, target) => (await import('./copy.ts')).copyPath(target),
} as const satisfies Readonly<Record<string, Command>>;

export type CommandId = keyof typeof COMMANDS;

async function refresh({ live, networks, views }: App): Promise<void> {
  views.followNamespaces();
  networks.follow();
  await live.observe();
}
