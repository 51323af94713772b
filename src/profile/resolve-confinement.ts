import { LIMIT_KEYS, type Limits } from '../model/limits/table.ts';
import { RLIMIT_NAMES, type Capabilities, type Landlock, type Profile, type Seccomp } from '../model/profile.ts';
import { latest, latestOf, written, type Chain } from './chain.ts';
import type { Expander } from './expand.ts';
import { parseLimit } from './limits.ts';
import { parseRlimit } from './rlimits.ts';

export function limitsOf(chain: Chain): Limits {
  const said = LIMIT_KEYS.map((key) => [key, latestOf(chain, 'limits', key)?.value] as const);
  const asked = said.flatMap(([key, value]) => (value === undefined ? [] : [[key, parseLimit(key, value)]]));
  return { ...(Object.fromEntries(asked) as Omit<Limits, 'mode'>), mode: limitsModeOf(chain) };
}

/** Whoever sets a limit means it: a best effort must be said beside it, and is not inherited. */
function limitsModeOf(chain: Chain): Limits['mode'] {
  const nearest = chain.find(({ settings: { limits = {} } }) => Object.keys(limits).length > 0);
  return nearest?.settings.limits?.mode ?? 'strict';
}

export function rlimitsOf(chain: Chain): Profile['rlimits'] {
  const said = RLIMIT_NAMES.map((name) => [name, latestOf(chain, 'rlimits', name)?.value] as const);
  return Object.fromEntries(said.flatMap(([name, value]) => (value === undefined ? [] : [[name, parseRlimit(value)]])));
}

export function capabilitiesOf(chain: Chain): Capabilities {
  const value = latest(chain, 'capabilities')?.value ?? 'default';
  if (typeof value === 'string') return { base: value, add: [], drop: [] };
  const { base = 'default', add = [], drop = [] } = value;
  return { base, add, drop };
}

export function seccompOf(chain: Chain, expander: Expander): Seccomp {
  const said = latest(chain, 'seccomp');
  if (said === undefined) return { kind: 'default' };
  const { value, by } = said;
  if (value === 'default' || value === 'strict' || value === 'off') return { kind: value };
  return { kind: 'file', path: expander.hostPath(written(value, by, ['seccomp'])) };
}

export function landlockOf(chain: Chain, expander: Expander): Landlock | undefined {
  const said = latest(chain, 'landlock');
  if (said === undefined) return undefined;
  const paths = (key: 'readOnly' | 'readWrite'): readonly string[] =>
    (said.value[key] ?? []).map((path, index) => expander.insidePath(written(path, said.by, ['landlock', key, index])));
  return { readOnly: paths('readOnly'), readWrite: paths('readWrite') };
}
