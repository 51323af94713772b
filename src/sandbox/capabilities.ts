import type { Capabilities } from '../model/profile.ts';

/** What a container engine leaves to root by default, without those that make device nodes or write audit records (capabilities(7)). */
const DEFAULT_CAPABILITIES = [
  'chown',
  'dac_override',
  'fowner',
  'fsetid',
  'kill',
  'net_bind_service',
  'net_raw',
  'setfcap',
  'setgid',
  'setpcap',
  'setuid',
  'sys_chroot',
] as const;

/** The bounding set as setpriv(1) takes it, which begins with what it has: all, for who has just entered. Undefined keeps all. */
export function boundingSet({ base, add, drop }: Capabilities): string | undefined {
  const given = base === 'default' ? [...DEFAULT_CAPABILITIES, ...add] : add;
  const dropped = new Set(drop);
  const kept = [...new Set(given)].filter((name) => !dropped.has(name));
  const changes = base === 'all' ? drop.map((name) => `-${name}`) : ['-all', ...kept.map((name) => `+${name}`)];
  return changes.length === 0 ? undefined : changes.join(',');
}

/** Whether root inside has this capability of its own user namespace. */
export function hasCapability({ base, add, drop }: Capabilities, name: string): boolean {
  const isDefault = (DEFAULT_CAPABILITIES as readonly string[]).includes(name);
  return !drop.includes(name) && (base === 'all' || add.includes(name) || (base === 'default' && isDefault));
}

/** Whether root inside may change its mounts, those of the sandbox too (mount_namespaces(7)). */
export function mayMount({ base, add, drop }: Capabilities): boolean {
  return (base === 'all' || add.includes('sys_admin')) && !drop.includes('sys_admin');
}
