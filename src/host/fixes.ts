import type { FixCode, HostFix } from '../model/host.ts';
import { asRoot, findProgram, installCommand, quoted, type Installable } from './programs.ts';

export function fix(code: FixCode, commands: readonly string[] = []): HostFix {
  return { code, commands };
}

export function installFix(...programs: readonly Installable[]): HostFix {
  return fix('install', [installCommand(programs)]);
}

/** Sets a kernel parameter now and after every start (sysctl(8), sysctl.d(5)). */
export function settingFix(name: string, value: string): HostFix {
  const file = { path: '/etc/sysctl.d/60-namespace-sandboxes.conf', content: `${name} = ${value}\n` };
  return { code: 'setting', commands: [asRoot(`sysctl ${name}=${value}`), writing(file)], file };
}

/** One line that writes a file of root's. */
export function writing({ path, content }: NonNullable<HostFix['file']>): string {
  return throughTee(`printf '%s\\n' ${content.trimEnd().split('\n').map(quoted).join(' ')}`, path);
}

/** One line that adds a line to each of these files of root's. */
export function adding(line: string, files: readonly string[]): string {
  return throughTee(`echo ${line}`, `-a ${files.join(' ')}`);
}

/** A redirection would happen before sudo(8) does. */
function throughTee(printing: string, args: string): string {
  const sudo = process.getuid?.() !== 0 && findProgram('sudo') !== undefined;
  return sudo ? `${printing} | sudo tee ${args}` : asRoot(`${printing} | tee ${args}`);
}
