import { readFileSync, realpathSync } from 'node:fs';
import { basename } from 'node:path';
import { requireProgram } from './programs.ts';
import { outputOf } from './run-program.ts';

/** Programs that a sandbox needs inside, whatever its root file system lacks. */
export const TOOL_NAMES = ['sh', 'setpriv', 'script', 'umount', 'unshare'] as const;

/** Those, and the one that loads a seccomp filter where setpriv(1) cannot. */
export type ToolName = (typeof TOOL_NAMES)[number] | 'perl';

/** The host's tools with the loader and the libraries they need, as files to bind into a foreign root file system. */
export interface Tools {
  readonly loader: string;
  /** Host path of each file; its base name is its name in the tools folder. */
  readonly files: readonly { readonly source: string; readonly name: string }[];
}

const found = new Map<string, Promise<Tools>>();

/** The tools of this host, found once per process: the loader (ld.so(8)) itself is asked what each program needs. */
export function hostTools(names: readonly ToolName[]): Promise<Tools> {
  const key = names.join();
  const tools = found.get(key) ?? findTools(names);
  found.set(key, tools);
  tools.catch(() => found.delete(key));
  return tools;
}

async function findTools(names: readonly ToolName[]): Promise<Tools> {
  const programs = names.map((name) => ({ name, source: realpathSync(requireProgram(name)) }));
  const loader = interpreterOf(readFileSync(programs[0]?.source ?? '/bin/sh'));
  const lists = await Promise.all(programs.map(({ source }) => outputOf(loader, ['--list', source])));
  const libraries = new Set(lists.flatMap(parseLoaderList));
  return {
    loader: 'ld.so',
    files: [
      { source: realpathSync(loader), name: 'ld.so' },
      ...programs,
      ...[...libraries].map((source) => ({ source: realpathSync(source), name: basename(source) })),
    ],
  };
}

/** Paths in the output of `ld.so --list`: lines `libc.so.6 => /lib/…/libc.so.6 (0x…)`. */
export function parseLoaderList(text: string): readonly string[] {
  return [...text.matchAll(/=> (\/\S+) \(0x/g)].map(([, path = '']) => path);
}

/**
 * The program interpreter of an ELF64 little-endian file (elf(5), PT_INTERP).
 * @throws RangeError when there is none: a static program, or no ELF file.
 */
export function interpreterOf(elf: Buffer): string {
  const isElf64 = elf.subarray(0, 6).equals(Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1]));
  if (!isElf64) throw new RangeError('not an ELF64 little-endian file');
  const tableOffset = Number(elf.readBigUInt64LE(32));
  const entrySize = elf.readUInt16LE(54);
  const entries = elf.readUInt16LE(56);
  for (let offset = tableOffset; offset < tableOffset + entries * entrySize; offset += entrySize) {
    if (elf.readUInt32LE(offset) !== PT_INTERP) continue;
    const start = Number(elf.readBigUInt64LE(offset + 8));
    const size = Number(elf.readBigUInt64LE(offset + 32));
    return elf.toString('latin1', start, start + size - 1);
  }
  throw new RangeError('a static program has no interpreter');
}

const PT_INTERP = 3;
