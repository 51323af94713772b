import { seenByRoot } from '../../text/namespaces.ts';
import type { App } from '../app.ts';
import { showWiringPanel } from '../networks/wiring-panel.ts';
import type { Target } from './table.ts';

/** Shows how the networks of this machine are wired. */
export function showWiring(app: App, target: Target | undefined): Promise<void> {
  app.networks.follow();
  showWiringPanel(app, target?.kind === 'namedNetwork' ? target.inode : undefined).note(undefined);
  return Promise.resolve();
}

/** Looks at all networks once more, as root through the helper, and shows what it saw. */
export async function wiringAsRoot(app: App): Promise<void> {
  const root = await (await app.helper.session()).helper('scan');
  const { lookAtNetworksAsRoot } = await import('../../sandbox/look-at-networks.ts');
  const { sandboxes } = await app.live.observe();
  const { wiring } = await lookAtNetworksAsRoot(
    root,
    sandboxes.map(({ sandbox }) => sandbox),
  );
  const panel = showWiringPanel(app);
  app.networks.hold(wiring);
  panel.note(seenByRoot(Date.now()));
}
