/**
 * One word of a POSIX shell command line, whatever it holds (sh(1), "Quoting").
 * @throws RangeError for a NUL byte, which no argument of a program can carry.
 */
export function shellWord(text: string): string {
  if (text.includes('\0')) throw new RangeError('a shell word cannot hold a NUL byte');
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Words of a command line, each quoted. */
export function shellWords(words: readonly string[]): string {
  return words.map(shellWord).join(' ');
}

/**
 * One field of fstab(5), in which every byte that is not plain stands as `\ooo`. What comes out holds
 * no blank, quote, `$` or backtick either, so that a table may stand in double quotes of a shell.
 * @throws RangeError for a NUL byte.
 */
export function fstabField(text: string): string {
  if (text.includes('\0')) throw new RangeError('a field of fstab cannot hold a NUL byte');
  return [...Buffer.from(text, 'utf8')]
    .map((byte) => (isPlain(byte) ? String.fromCharCode(byte) : octal(byte)))
    .join('');
}

/** The text of such a field. */
export function readFstabField(field: string): string {
  const bytes = field.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

const PLAIN = /[\w@%+=:,./-]/;
const isPlain = (byte: number): boolean => byte < 0x80 && PLAIN.test(String.fromCharCode(byte));
const octal = (byte: number): string => `\\${byte.toString(8).padStart(3, '0')}`;

/** A path as a layer of an overlay, in which commas, colons and `@` divide; behind `@` stands what was seen there. */
export function layerWord(path: string, seen?: string): string {
  const plain = fstabField(path).replace(/[,:@]/g, (character) => octal(character.charCodeAt(0)));
  return seen === undefined ? plain : `${plain}@${seen}`;
}
