import type { App } from '../app.ts';

/** Looks at the namespaces once more, as root through the helper, who sees those of every process. */
export async function scanAsRoot({ live, helper, views }: App): Promise<void> {
  const root = await (await helper.session()).helper('scan');
  const [observation, snapshot] = await Promise.all([live.observe(), root.request('scan', {})]);
  views.holdNamespaces({ ...observation, at: Date.now(), snapshot });
}
