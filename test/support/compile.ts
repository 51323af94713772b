import { execa } from 'execa';
import { chmodSync } from 'node:fs';
import { resolve } from 'node:path';
import { findProgram } from '../../src/host/programs.ts';

export const hasCompiler = findProgram('gcc') !== undefined;

/** Compiles a program of `test/`, without shared libraries, so that it runs in every root; anybody may run it. */
export async function compile(
  source: string,
  program: string,
  {
    defined = {},
    more = [],
  }: { readonly defined?: Readonly<Record<string, string>>; readonly more?: readonly string[] } = {},
): Promise<void> {
  const defines = Object.entries(defined).map(([name, text]) => `-D${name}=${JSON.stringify(text)}`);
  const options = ['-static', '-O1', '-Wall', '-Werror', ...more, ...defines];
  await execa('gcc', [...options, '-o', program, resolve('test', source)]);
  chmodSync(program, 0o755);
}
