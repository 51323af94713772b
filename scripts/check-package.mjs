// Checks the packed extension: every file in it is one that belongs there, none is missing, and it is small but for native code.
import { readFileSync } from 'node:fs';
import { argv } from 'node:process';

/** Two fifths of it are elkjs, in the script of the picture, and a tenth is the command, which is one file to start at once. */
const MAX_BYTES = 1_210_000;

/** One for each architecture that is served. */
const NATIVE = [/^extension\/dist\/native\/koffi-x64\.node$/, /^extension\/dist\/native\/koffi-arm64\.node$/];

/** Each must match a file, and each file one of these. */
const EXPECTED = [
  /^\[Content_Types\]\.xml$/,
  /^extension\.vsixmanifest$/,
  /^extension\/package\.json$/,
  /^extension\/readme\.md$/i,
  /^extension\/changelog\.md$/i,
  /^extension\/LICENSE(\.txt)?$/,
  /^extension\/dist\/extension\.js$/,
  /^extension\/dist\/cli\.cjs$/,
  /^extension\/dist\/command\.cjs$/,
  /^extension\/dist\/execa\.cjs$/,
  /^extension\/dist\/tar-stream\.cjs$/,
  /^extension\/dist\/vscode-jsonrpc\.cjs$/,
  /^extension\/dist\/[\w-]+-[A-Z0-9]{8}\.js$/,
  /^extension\/dist\/discovery-worker\.cjs$/,
  /^extension\/dist\/inspection-worker\.cjs$/,
  /^extension\/dist\/helper\.cjs$/,
  /^extension\/dist\/enter\.sh$/,
  /^extension\/dist\/install\.sh$/,
  /^extension\/dist\/remove\.sh$/,
  /^extension\/dist\/server\.cjs$/,
  /^extension\/dist\/wiring\.css$/,
  /^extension\/dist\/wiring\.js$/,
  ...NATIVE,
  /^extension\/media\/icon\.png$/,
  /^extension\/media\/icon\.svg$/,
  /^extension\/media\/sandboxes\.schema\.json$/,
  /^extension\/snippets\/sandboxes\.json$/,
];

const file = argv[2] ?? nameOfPackage();
const zip = readFileSync(file);
const entries = filesIn(zip);
const files = entries.map(({ name }) => name);
const native = entries
  .filter(({ name }) => NATIVE.some((expected) => expected.test(name)))
  .reduce((sum, { bytes }) => sum + bytes, 0);
const size = zip.length - native;
const faults = [
  ...files.filter((name) => !EXPECTED.some((expected) => expected.test(name))).map((name) => `unexpected: ${name}`),
  ...EXPECTED.filter((expected) => !files.some((name) => expected.test(name))).map(
    ({ source }) => `missing: ${source}`,
  ),
  ...(size > MAX_BYTES ? [`too big: ${size} bytes, where ${MAX_BYTES} are allowed`] : []),
];
console.log(
  `${file}: ${files.length} files, ${Math.ceil(size / 1000)} kB and ${Math.ceil(native / 1000)} kB of native code`,
);
for (const fault of faults) console.error(fault);
process.exitCode = faults.length > 0 ? 1 : 0;

/** As vsce names it. */
function nameOfPackage() {
  /** @type {unknown} */
  const parsed = JSON.parse(readFileSync('package.json', 'utf8'));
  const { name, version } = /** @type {{ name: string, version: string }} */ (parsed);
  return `${name}-${version}.vsix`;
}

/**
 * Names and packed sizes in the central directory of a zip file (APPNOTE.TXT 4.3.12 and 4.3.16).
 * @param {Buffer} zip
 */
function filesIn(zip) {
  const end = zip.lastIndexOf('PK\x05\x06');
  let at = zip.readUInt32LE(end + 16);
  return Array.from({ length: zip.readUInt16LE(end + 10) }, () => {
    const [name = 0, extra = 0, comment = 0] = [28, 30, 32].map((offset) => zip.readUInt16LE(at + offset));
    const bytes = zip.readUInt32LE(at + 20);
    const start = at + 46;
    at = start + name + extra + comment;
    return { name: zip.toString('utf8', start, start + name), bytes };
  });
}
