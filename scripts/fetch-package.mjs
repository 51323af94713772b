// Gets a package that package-lock.json names but npm does not install here, such as one for another architecture.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, URL } from 'node:url';

const PROJECT = fileURLToPath(new URL('..', import.meta.url));
const CACHE = join(PROJECT, 'node_modules/.cache/packages');

/**
 * @param {string} name
 * @returns {string} the folder with what is in it
 */
export function fetchPackage(name) {
  const { version, integrity } = locked(name);
  const folder = join(CACHE, `${name.replace('/', '-')}-${version}`);
  if (existsSync(join(folder, 'package.json'))) return folder;
  mkdirSync(folder, { recursive: true });
  const archive = join(folder, pack(`${name}@${version}`, folder));
  check(archive, integrity);
  execFileSync('tar', ['-xzf', archive, '-C', folder, '--strip-components=1']);
  rmSync(archive);
  return folder;
}

/** @param {string} name */
function locked(name) {
  /** @type {unknown} */
  const parsed = JSON.parse(readFileSync(join(PROJECT, 'package-lock.json'), 'utf8'));
  const { packages } = /** @type {{ packages: Record<string, { version: string, integrity: string }> }} */ (parsed);
  const entry = packages[`node_modules/${name}`];
  if (entry === undefined) throw new Error(`package-lock.json does not name ${name}`);
  return entry;
}

/**
 * @param {string} what
 * @param {string} folder
 */
function pack(what, folder) {
  return execFileSync('npm', ['pack', what, '--silent', '--pack-destination', folder], { encoding: 'utf8' }).trim();
}

/**
 * @param {string} archive
 * @param {string} integrity as the lockfile has it: `sha512-BASE64`
 */
function check(archive, integrity) {
  const [algorithm = '', expected] = integrity.split(/-(.*)/s);
  const found = createHash(algorithm).update(readFileSync(archive)).digest('base64');
  if (found !== expected) throw new Error(`${archive} is not what package-lock.json names`);
}
