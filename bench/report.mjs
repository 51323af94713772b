import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { join } from 'node:path';
import { version } from 'node:process';
import { fileURLToPath, URL } from 'node:url';
import { format, resolveConfig } from 'prettier';

export const PROJECT = fileURLToPath(new URL('..', import.meta.url));

/** @param {readonly number[]} values */
export function median(values) {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? NaN;
}

/**
 * Prints a table with the machine that it was measured on, and writes both into bench/README.md between its two marks.
 * @param {readonly [begin: string, end: string]} marks
 * @param {readonly string[]} lines
 * @param {string} rounds what was measured how often
 */
export async function report([begin, end], lines, rounds) {
  const machine = `${rounds}, ${cpus().length} CPUs, Linux ${release()}, Node ${version}.`;
  const text = [...lines, '', machine].join('\n');
  console.log(text);
  const file = join(PROJECT, 'bench/README.md');
  const [before, after] = [`<!-- ${begin} -->\n`, `<!-- ${end} -->`];
  const written = readFileSync(file, 'utf8').replace(
    new RegExp(`(${before})[^]*(${after})`),
    (_, first, last) => `${first}\n${text}\n\n${last}`,
  );
  writeFileSync(file, await format(written, { ...(await resolveConfig(file)), filepath: file }));
}
