/** One variable of a configuration of git; names in lower case, but for subsections (git-config(1), "Syntax"). */
export interface ConfigEntry {
  readonly section: string;
  /** In bytes, as the value is: git takes them as they are for the name of a file, whether they are UTF-8 or not. */
  readonly subsection: Buffer | undefined;
  readonly key: string;
  /** Empty where none is given. */
  readonly value: Buffer;
}

/** As git has them: no others are blanks, such as those of Unicode. */
const BLANK = /[ \t\r\n]+|[#;][^\n]*/y;
const HEADER = /\[[ \t\r]*([A-Za-z0-9.-]+)(?:[ \t\r]+"((?:[^"\\\n]|\\[^\n])*)")?[ \t\r]*\]/y;
const VARIABLE = /([A-Za-z][A-Za-z0-9-]*)[ \t]*(?:=((?:"(?:[^"\\\n]|\\[^])*"|\\[^]|[^"\\#;\n])*))?/y;
const REST_OF_LINE = /[^\n]*\n?/y;

/**
 * Reads what git reads, byte by byte; a line that makes git give up is passed over. A value that versions of git read in two ways
 * is there in both.
 */
export function parseGitConfig(file: Buffer): readonly ConfigEntry[] {
  const source = file
    .toString('latin1')
    .replace(/^\xEF\xBB\xBF/, '')
    .replaceAll('\r\n', '\n');
  const entries: ConfigEntry[] = [];
  let section = '';
  let subsection: Buffer | undefined;
  let at = 0;
  const next = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(source) ?? undefined;
    if (found) at = pattern.lastIndex;
    return found;
  };
  while (at < source.length) {
    if (next(BLANK)) continue;
    const header = next(HEADER);
    if (header) {
      const [first = '', ...older] = (header[1] ?? '').toLowerCase().split('.');
      section = first;
      const name = header[2]?.replace(/\\([^])/g, '$1') ?? (older.length > 0 ? older.join('.') : undefined);
      subsection = name === undefined ? undefined : bytesOf(name);
      continue;
    }
    const variable = next(VARIABLE);
    if (variable) {
      const key = (variable[1] ?? '').toLowerCase();
      for (const value of valuesOf(variable[2] ?? ''))
        entries.push({ section, subsection, key, value: bytesOf(value) });
    } else next(REST_OF_LINE);
  }
  return entries;
}

const bytesOf = (characters: string): Buffer => Buffer.from(characters, 'latin1');

const ESCAPED: Readonly<Record<string, string>> = { n: '\n', t: '\t', b: '\b', '\n': '' };

const BLANKS = [' ', '\t', '\r'];

/** Before 2.45, git took each blank in a value for a space, but for those in quotes. */
function valuesOf(written: string): ReadonlySet<string> {
  return new Set([valueOf(written, (blank) => blank), valueOf(written, () => ' ')]);
}

/** Without quotes, escapes and continued lines; blanks around it count only in quotes. */
function valueOf(written: string, readBlank: (blank: string) => string): string {
  let value = '';
  let kept = 0;
  let quoted = false;
  for (const [token, escaped] of written.matchAll(/\\([^])|[^]/g)) {
    const blank = BLANKS.includes(token) && !quoted;
    if (value === '' && blank) continue;
    if (blank) value += readBlank(token);
    else if (token === '"') quoted = !quoted;
    else value += escaped === undefined ? token : (ESCAPED[escaped] ?? escaped);
    if (!blank) kept = value.length;
  }
  return value.slice(0, kept);
}
