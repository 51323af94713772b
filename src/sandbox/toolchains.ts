import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** What makes the programs in folders of `tools` found inside. */
export interface Toolchains {
  /** Folders of PATH. */
  readonly path: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Folders called `bin`, the version of Node that nvm uses by default, and the toolchains of rustup, which stay where they are. */
export function toolchainsOf(tools: readonly string[]): Toolchains {
  const rustup = tools.filter((path) => basename(path) === '.rustup');
  return {
    path: tools.flatMap((path) => (path.endsWith('/bin') ? [path] : nvmPath(path))),
    env: Object.fromEntries(rustup.map((path) => ['RUSTUP_HOME', path])),
  };
}

function nvmPath(folder: string): readonly string[] {
  if (basename(folder) !== '.nvm') return [];
  const versions = join(folder, 'versions/node');
  const version = nvmVersion(folder, 'default', newestFirst(versions));
  return version === undefined ? [] : [join(versions, version, 'bin')];
}

/** An alias may be another one, `lts/iron` for instance, or the beginning of a version; a chain of them is short. */
function nvmVersion(folder: string, name: string, versions: readonly string[], depth = 0): string | undefined {
  if (name === 'node' || name === 'stable') return versions[0];
  const wanted = `v${name.replace(/^v/, '')}.`;
  const found = versions.find((version) => `${version}.`.startsWith(wanted));
  if (found !== undefined || depth === 4) return found;
  const alias = firstLine(join(folder, 'alias', name)) ?? (name === 'default' ? 'node' : undefined);
  return alias === undefined ? undefined : nvmVersion(folder, alias, versions, depth + 1);
}

function newestFirst(folder: string): readonly string[] {
  try {
    const versions = readdirSync(folder).filter((name) => /^v\d+\.\d+\.\d+$/.test(name));
    return versions.sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));
  } catch {
    return [];
  }
}

function firstLine(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').split('\n', 1)[0]?.trim();
  } catch {
    return undefined;
  }
}
