import type { Problem } from '../model/problem.ts';
import type { Profile } from '../model/profile.ts';
import { THROWAWAY } from './builtin.ts';
import type { Entry } from './catalog.ts';
import { latest, written, type Chain } from './chain.ts';
import { makeExpander, type Expander, type ProfileContext, type Written } from './expand.ts';
import { capabilitiesOf, landlockOf, limitsOf, rlimitsOf, seccompOf } from './resolve-confinement.ts';
import type { FileNetworks } from './networks.ts';
import { insidePathOf, insidePathsOf, mountsOf, rootfsOf, toolsOf, workspaceOf } from './resolve-files.ts';
import { labOf } from './resolve-lab.ts';
import { hostnameOf, namespacesOf, networkOf, reportPorts, timeOf, userOf } from './resolve-namespaces.ts';
import type { FileProfile } from './schema.ts';

/** What a profile is resolved in. */
export interface Surroundings {
  readonly context: ProfileContext;
  /** The networks of each file. */
  readonly networks: readonly FileNetworks[];
}

/** What the whole chain says, complete and expanded. Problems are reported, and the profile is then not to be used. */
export function resolveChain(
  entry: Entry,
  chain: Chain,
  { context, networks }: Surroundings,
  report: (problem: Problem) => void,
): Profile {
  const expander = makeExpander(context, report);
  const { name, source, settings } = entry;
  reportPorts(chain, report);
  return {
    name,
    source,
    description: descriptionOf(settings),
    hostname: hostnameOf(name, chain),
    domainname: latest(chain, 'domainname')?.value,
    namespaces: namespacesOf(chain, report),
    user: userOf(chain),
    ids: latest(chain, 'ids')?.value ?? 'auto',
    rootfs: rootfsOf(chain, expander),
    readOnly: latest(chain, 'readOnly')?.value ?? false,
    ...workspaceOf(name, chain, context, report),
    home: latest(chain, 'home')?.value ?? THROWAWAY.home,
    tools: toolsOf(chain, expander),
    mounts: mountsOf(chain, expander),
    maskedPaths: insidePathsOf(chain, 'maskedPaths', expander),
    readOnlyPaths: insidePathsOf(chain, 'readOnlyPaths', expander),
    network: networkOf(chain),
    lab: labOf(chain, networks, report),
    limits: limitsOf(chain),
    rlimits: rlimitsOf(chain),
    capabilities: capabilitiesOf(chain),
    noNewPrivileges: latest(chain, 'noNewPrivileges')?.value ?? true,
    seccomp: seccompOf(chain, expander),
    landlock: landlockOf(chain, expander),
    time: timeOf(chain),
    env: envOf(chain, expander),
    envPass: latest(chain, 'envPass')?.value ?? THROWAWAY.envPass,
    cwd: insidePathOf(chain, 'cwd', expander),
    shell: insidePathOf(chain, 'shell', expander),
    command: commandOf(chain, expander),
    init: latest(chain, 'init')?.value ?? [],
    lifetime: latest(chain, 'lifetime')?.value ?? THROWAWAY.lifetime,
  };
}

/** The line that a picker shows; a profile that has none says what it extends. */
export function descriptionOf(settings: FileProfile): string {
  return settings.description ?? `Extends ${settings.extends ?? 'throwaway'}`;
}

function envOf(chain: Chain, expander: Expander): Readonly<Record<string, string>> {
  const nearest = new Map<string, Written>();
  for (const by of chain.toReversed()) {
    for (const [name, text] of Object.entries(by.settings.env ?? {}))
      nearest.set(name, written(text, by, ['env', name]));
  }
  return Object.fromEntries([...nearest].map(([name, value]) => [name, expander.text(value)]));
}

function commandOf(chain: Chain, expander: Expander): readonly string[] | undefined {
  const said = latest(chain, 'command');
  return said?.value.map((word, index) => expander.text(written(word, said.by, ['command', index])));
}
