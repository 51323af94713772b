import { cpSync, existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Copies packages of node_modules, with all that they need, to another folder.
 * @param {readonly string[]} names
 * @param {string} project
 * @param {string} target
 */
export function copyPackages(names, project, target) {
  /** @type {Set<string>} */
  const folders = new Set();
  for (const name of names) collect(name, project, project, folders);
  for (const folder of folders) cpSync(join(project, folder), join(target, folder), { recursive: true });
}

/**
 * @param {string} name
 * @param {string} from the folder of who needs it
 * @param {string} project
 * @param {Set<string>} folders relative to the project
 */
function collect(name, from, project, folders) {
  const folder = findPackage(name, from, project);
  if (folder === undefined) return;
  const relative = folder.slice(project.length + 1);
  if (folders.has(relative)) return;
  folders.add(relative);
  for (const needed of neededBy(folder)) collect(needed, folder, project, folders);
}

/**
 * As Node finds it; undefined for an optional one that is for another machine.
 * @param {string} name
 * @param {string} from
 * @param {string} project
 * @returns {string | undefined}
 */
function findPackage(name, from, project) {
  const folder = join(from, 'node_modules', name);
  if (existsSync(folder)) return folder;
  return from === project ? undefined : findPackage(name, dirname(from), project);
}

/** @param {string} folder */
function neededBy(folder) {
  /** @type {unknown} */
  const parsed = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const { dependencies = {}, optionalDependencies = {} } =
    /** @type {Record<string, Record<string, string> | undefined>} */ (parsed);
  return Object.keys({ ...dependencies, ...optionalDependencies });
}
