import * as vscode from 'vscode';
import { namespacesJson } from '../../discovery/format.ts';
import { knownUsers } from '../../discovery/users.ts';
import type { Found } from '../../model/namespace-details.ts';
import type { Namespace } from '../../model/namespace.ts';
import type { App } from '../app.ts';

const UNASKED: Found = { unknown: 'it was not asked' };

/** Shows every namespace with what is in it, as `unshared namespaces --json` prints them. */
export async function showSnapshot({ live, inspection, documents }: App): Promise<void> {
  const { snapshot } = await live.observe();
  const found = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Window, title: 'Looking into namespaces' },
    () => Promise.all(snapshot.namespaces.map(async (one) => [one, await detailsOf(one)] as const)),
  );
  const details = new Map(found);
  const json = namespacesJson(snapshot, (namespace) => details.get(namespace) ?? UNASKED, knownUsers());
  await documents.show('namespaces.json', `${JSON.stringify(json, undefined, 2)}\n`);

  function detailsOf(namespace: Namespace): Promise<Found> {
    return inspection.details(namespace).catch((error: unknown) => ({ unknown: String(error) }));
  }
}
