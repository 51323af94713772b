import { hostname } from 'node:os';
import { NAMESPACE_TYPES, type NamespaceType } from '../model/namespace.ts';
import type { Namespaces, Profile } from '../model/profile.ts';
import type { Outside, Pinned, SandboxNote } from '../model/sandbox.ts';
import { findSandbox } from './running.ts';
import type { Plan } from './plan.ts';

/** What a sandbox has that is not its own, as others need it who want to share it. */
export function outsideOf({ profile: { namespaces } }: Plan, keeper: Pinned | undefined): Outside | undefined {
  const shared = NAMESPACE_TYPES.filter((type) => ['sandbox', 'path'].includes(namespaces[type].kind));
  const host = hostTypes(namespaces);
  return shared.length + host.length === 0 ? undefined : { host, shared, keeper };
}

/** The name that hostname(1) says inside; that of a namespace which a path keeps is not known here. */
export function hostnameInside({ namespaces: { uts }, hostname: own }: Profile): string {
  if (uts.kind === 'host') return hostname();
  if (uts.kind === 'sandbox') return findSandbox(uts.name).hostname;
  return uts.kind === 'path' ? uts.path : own;
}

/** One note for all of the host's, but for the network, which has its own; one for each that is shared. */
export function sharedNotes(namespaces: Namespaces): readonly SandboxNote[] {
  const types = hostTypes(namespaces).filter((type) => type !== 'net');
  const shared = NAMESPACE_TYPES.flatMap((type): readonly SandboxNote[] => {
    const choice = namespaces[type];
    if (choice.kind === 'path') return [{ note: 'sharedNamespace', type, with: choice.path }];
    return choice.kind === 'sandbox' ? [{ note: 'sharedNamespace', type, with: `the sandbox ${choice.name}` }] : [];
  });
  return [...(types.length === 0 ? [] : [{ note: 'hostNamespaces', types } as const]), ...shared];
}

function hostTypes(namespaces: Namespaces): readonly NamespaceType[] {
  return NAMESPACE_TYPES.filter((type) => namespaces[type].kind === 'host');
}
