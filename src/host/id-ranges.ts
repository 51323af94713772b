import { once } from 'node:events';
import type { HostLine } from '../model/host.ts';
import { attempt } from './attempt.ts';
import type { HostCaller, SubordinateRange } from './caller.ts';
import { adding, fix, installFix } from './fixes.ts';
import { powerless } from './id-tools.ts';
import { found, line, type Found } from './line.ts';
import { asRoot, findProgram, requireProgram } from './programs.ts';
import { readIfThere } from './settings.ts';

/** Whether more than one id can exist inside: with ranges of subuid(5) and the programs that may map them, tried. */
export async function idLine(caller: HostCaller, namespaces: Promise<boolean>): Promise<HostLine> {
  if (caller.uid === 0) return line('ids', 'limited', found('idsShifted', { first: caller.owner.uid }));
  const absent = missingTool() ?? missingRanges(caller);
  const refusal = absent ?? ((await namespaces) ? await tryMaps(caller) : found('untried', { feature: 'idRanges' }));
  if (refusal) return line('ids', 'limited', refusal);
  const count = caller.ranges.uids.reduce((sum, range) => sum + range.count, 0);
  return line('ids', 'ok', found('idRanges', { count }));
}

const TOOLS = ['newuidmap', 'newgidmap'] as const;

function missingTool(): Found | undefined {
  const program = TOOLS.find((name) => findProgram(name) === undefined);
  return program && found('programMissing', { program }, installFix(program));
}

const FILES = { uids: '/etc/subuid', gids: '/etc/subgid' } as const;

function missingRanges(caller: HostCaller): Found | undefined {
  const files = (['uids', 'gids'] as const).filter((ids) => caller.ranges[ids].length === 0).map((ids) => FILES[ids]);
  return files.length === 0
    ? undefined
    : found('idRangesUnset', { files }, fix('addRanges', [moreRanges(caller, files)]));
}

const COUNT = 65_536;

/** The first ids after all that are given to somebody. usermod(8) knows only users of /etc/passwd. */
function moreRanges({ uid, name }: HostCaller, files: readonly string[]): string {
  const start = Math.max(100_000, ...Object.values(FILES).flatMap(endsOf));
  if (name === undefined) return adding(`${uid}:${start}:${COUNT}`, files);
  const options = files.map((file) => `--add-${file.slice('/etc/'.length)}s ${start}-${start + COUNT - 1}`);
  return asRoot(`usermod ${options.join(' ')} ${name}`);
}

function endsOf(file: string): readonly number[] {
  const lines = [...(readIfThere(file) ?? '').matchAll(/^[^:#]+:(\d+):(\d+)$/gm)];
  return lines.map(([, start, count]) => Number(start) + Number(count));
}

/** Maps the ranges of a namespace whose only process waits for it. */
async function tryMaps({ uid, gid, ranges }: HostCaller): Promise<Found | undefined> {
  const { execa } = await import('execa');
  const words = ['--user', 'sh', '-c', 'echo; read -r _'];
  const waiting = execa(requireProgram('unshare'), words, { stdin: 'pipe', reject: false });
  try {
    await Promise.race([once(waiting.stdout, 'data'), waiting]);
    return (
      (await tryMap('newuidmap', waiting.pid, [{ inside: 0, outside: uid, count: 1 }, ...ranges.uids])) ??
      (await tryMap('newgidmap', waiting.pid, [{ inside: 0, outside: gid, count: 1 }, ...ranges.gids]))
    );
  } finally {
    waiting.stdin.end();
    await waiting;
  }
}

async function tryMap(
  tool: (typeof TOOLS)[number],
  pid: number | undefined,
  ranges: readonly SubordinateRange[],
): Promise<Found | undefined> {
  const numbers = ranges.flatMap(({ inside, outside, count }) => [inside, outside, count]);
  const { ok, reason } = await attempt([tool, String(pid), ...numbers.map(String)]);
  return ok ? undefined : powerless(requireProgram(tool), reason);
}
