import { statSync } from 'node:fs';

/** The folders of ld.so(8), and those of Debian's multiarch layout. */
const FOLDERS = ['/lib64', '/usr/lib64', '/lib', '/usr/lib', '/usr/local/lib'] as const;
const MULTIARCH: Readonly<Record<string, string>> = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' };

/** The path of a shared library of the system, or undefined. */
export function findLibrary(name: string): string | undefined {
  const triplet = MULTIARCH[process.arch];
  const folders = triplet === undefined ? FOLDERS : [`/usr/lib/${triplet}`, `/lib/${triplet}`, ...FOLDERS];
  return folders
    .map((folder) => `${folder}/${name}`)
    .find((path) => statSync(path, { throwIfNoEntry: false })?.isFile());
}
