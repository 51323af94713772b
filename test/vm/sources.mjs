import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * An entry of sources.list(5), in either of its formats.
 * @typedef {{ types: string[], uris: string[], suites: string[], components: string[], signedBy: string | undefined }} Source
 */

const APT = '/etc/apt';

/**
 * Lines of sources.list(5) for another release of Debian, from where this machine itself gets Debian.
 * @param {string} release
 * @returns {readonly string[]}
 */
export function debianSources(release) {
  const own = ownReleases();
  const lines = readSources().flatMap(({ types, uris, suites, components, signedBy }) => {
    const isDebian = types.includes('deb') && components.includes('main') && isDebianKey(signedBy);
    const moved = isDebian ? suites.flatMap((suite) => moveSuite(suite, own, release)) : [];
    const options = signedBy === undefined ? '' : `[signed-by=${signedBy}] `;
    return moved.flatMap((suite) => uris.map((uri) => `deb ${options}${uri} ${suite} main`));
  });
  return [...new Set(lines)];
}

/** @returns {readonly string[]} */
function ownReleases() {
  const codename = /^VERSION_CODENAME=(\w+)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
  return [...(codename === undefined ? [] : [codename]), 'oldstable', 'stable', 'testing'];
}

/**
 * Other vendors name their suites after Debian's releases too: the key tells them apart.
 * @param {string | undefined} signedBy
 */
function isDebianKey(signedBy) {
  return signedBy === undefined || /\/debian-archive-[^/]*$/.test(signedBy);
}

/**
 * @param {string} suite
 * @param {readonly string[]} own
 * @param {string} release
 */
function moveSuite(suite, own, release) {
  const [, name = '', part = ''] = /^(\w+)(-updates|-security)?$/.exec(suite) ?? [];
  return own.includes(name) ? [`${release}${part}`] : [];
}

function readSources() {
  const folder = join(APT, 'sources.list.d');
  const names = existsSync(folder) ? readdirSync(folder).sort() : [];
  return ['sources.list', ...names.map((name) => join('sources.list.d', name))].flatMap((name) => {
    const text = readIfThere(join(APT, name));
    if (name.endsWith('.sources')) return parseDeb822(text);
    return name.endsWith('.list') ? parseOneLine(text) : [];
  });
}

/** @param {string} file */
function readIfThere(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

/**
 * `Types: deb` and so on, one paragraph an entry.
 * @param {string} text
 * @returns {Source[]}
 */
export function parseDeb822(text) {
  const paragraphs = text.replace(/^#.*\n?/gm, '').split(/\n\s*\n/);
  return paragraphs.map(fieldsOf).flatMap((fields) => {
    const words = (/** @type {string} */ name) => (fields.get(name) ?? '').split(/\s+/).filter(Boolean);
    if (words('enabled').includes('no')) return [];
    const [signedBy] = words('signed-by');
    return [
      {
        types: words('types'),
        uris: words('uris'),
        suites: words('suites'),
        components: words('components'),
        signedBy,
      },
    ];
  });
}

/**
 * A line that begins with a space goes on with the field before it.
 * @param {string} paragraph
 */
function fieldsOf(paragraph) {
  const lines = paragraph.replace(/\n[ \t]+/g, ' ').split('\n');
  const fields = lines.map((line) => /^([\w-]+):\s*(.*)$/.exec(line)).filter((match) => match !== null);
  return new Map(fields.map(([, name = '', value = '']) => [name.toLowerCase(), value]));
}

/**
 * `deb [signed-by=FILE] URI SUITE COMPONENT…`, one line an entry.
 * @param {string} text
 * @returns {Source[]}
 */
export function parseOneLine(text) {
  const lines = [...text.matchAll(/^(deb(?:-src)?)\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s*([^#\n]*)/gm)];
  return lines.map(([, type = '', options = '', uri = '', suite = '', components = '']) => ({
    types: [type],
    uris: [uri],
    suites: [suite],
    components: components.split(/\s+/).filter(Boolean),
    signedBy: /signed-by=(\S+)/.exec(options)?.[1],
  }));
}
