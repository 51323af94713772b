import { isAbsolute, join, resolve } from 'node:path';
import { realPath } from '../host/paths.ts';
import { problem, type Place, type Problem } from '../model/problem.ts';
import { shown } from './check.ts';

/** What the variables of a profile stand for. */
export interface ProfileContext {
  readonly workspaceFolder: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Home directory of the caller: `~`. */
  readonly home: string;
}

/** A text of a file, with the key and the place to name where it cannot be expanded. */
export interface Written {
  readonly text: string;
  readonly key: string;
  readonly place: Place | undefined;
}

/** Expands what files write. A problem is reported, and an empty text given in its stead. */
export interface Expander {
  /** `${workspaceFolder}` and `${env:NAME}`. */
  text(written: Written): string;
  /** Also a leading `~`; a relative path is relative to the workspace folder. No path ends with a slash but `/`. */
  hostPath(written: Written): string;
  insidePath(written: Written): string;
}

export function makeExpander(context: ProfileContext, report: (problem: Problem) => void): Expander {
  const text = (written: Written) => expandVariables(written, context, report);
  const pathOf = (written: Written, make: (path: string) => string | undefined, expected: string) => {
    const expanded = text(written);
    if (expanded === undefined) return '';
    const path = make(expanded);
    if (path !== undefined) return path;
    report(problem('wrongValue', { key: written.key, value: shown(expanded), expected }, written.place));
    return '';
  };
  return {
    text: (written) => text(written) ?? '',
    hostPath: (written) => pathOf(written, (path) => onHost(path, context), expectedPath(context)),
    insidePath: (written) =>
      pathOf(written, (path) => (isAbsolute(path) ? resolve(path) : undefined), 'an absolute path inside the sandbox'),
  };
}

function expandVariables(
  { text, place }: Written,
  context: ProfileContext,
  report: (problem: Problem) => void,
): string | undefined {
  const unknown = new Set<string>();
  const expanded = text.replace(/\$\{([^}]*)\}/g, (_, variable: string) => {
    const value = valueOf(variable, context);
    if (value === undefined) unknown.add(variable);
    return value ?? '';
  });
  for (const variable of unknown) report(problem('unknownVariable', { variable }, place));
  return unknown.size > 0 ? undefined : expanded;
}

function valueOf(variable: string, { workspaceFolder, env }: ProfileContext): string | undefined {
  // Inside, a workspace stands at its real path, however it was opened.
  if (variable === 'workspaceFolder') return workspaceFolder && realPath(workspaceFolder);
  const name = /^env:(.+)$/s.exec(variable)?.[1];
  return name !== undefined && Object.hasOwn(env, name) ? env[name] : undefined;
}

function onHost(path: string, { workspaceFolder, home }: ProfileContext): string | undefined {
  if (path === '~' || path.startsWith('~/')) return resolve(join(home, path.slice(1)));
  if (isAbsolute(path)) return resolve(path);
  return path === '' || workspaceFolder === undefined ? undefined : resolve(workspaceFolder, path);
}

function expectedPath({ workspaceFolder }: ProfileContext): string {
  return workspaceFolder === undefined ? 'an absolute path, because no folder is open' : 'a path on this machine';
}
