import { CAPABILITIES } from '../model/capabilities.ts';
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

/** More than any kernel has: what is not named by then stays, too, where nothing is taken away but what is named. */
const MOST_CAPABILITIES = 64;

/** The numbers of the capabilities that stay (include/uapi/linux/capability.h). */
export function keptCapabilities(capabilities: Capabilities): readonly number[] {
  const numbers = Array.from({ length: MOST_CAPABILITIES }, (_, number) => number);
  return numbers.filter((number) => hasCapability(capabilities, CAPABILITIES[number] ?? `${number}`));
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
