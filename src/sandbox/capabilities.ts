import type { Profile } from '../model/profile.ts';

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

/** The options of setpriv(1) that confine a process of the sandbox; whoever joins needs them again, because setns(2) gives every capability back. */
export function confinement(capabilities: Profile['capabilities']): readonly string[] {
  const bounding = [
    '-all',
    ...DEFAULT_CAPABILITIES.filter((name) => !capabilities.drop.includes(name)).map((name) => `+${name}`),
  ].join(',');
  return [
    '--no-new-privs',
    '--inh-caps=-all',
    '--ambient-caps=-all',
    ...(capabilities.base === 'all' ? [] : [`--bounding-set=${bounding}`]),
  ];
}
