/** One variable of a configuration of git; names in lower case, but for subsections (git-config(1), "Syntax"). */
export interface ConfigEntry {
  readonly section: string;
  readonly subsection: string | undefined;
  readonly key: string;
  /** '' where none is given. */
  readonly value: string;
}

const BLANK = /\s+|[#;][^\n]*/y;
const HEADER = /\[[ \t]*([A-Za-z0-9.-]+)(?:[ \t]+"((?:[^"\\\n]|\\[^\n])*)")?[ \t]*\]/y;
const VARIABLE = /([A-Za-z][A-Za-z0-9-]*)[ \t]*(?:=((?:"(?:[^"\\\n]|\\[^])*"|\\[^]|[^"\\#;\n])*))?/y;
const REST_OF_LINE = /[^\n]*\n?/y;

/** Reads what git reads; a line that makes git give up is passed over. */
export function parseGitConfig(text: string): readonly ConfigEntry[] {
  const source = text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n');
  const entries: ConfigEntry[] = [];
  let section = '';
  let subsection: string | undefined;
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
      const [name = '', ...older] = (header[1] ?? '').toLowerCase().split('.');
      section = name;
      subsection = header[2]?.replace(/\\([^])/g, '$1') ?? (older.length > 0 ? older.join('.') : undefined);
      continue;
    }
    const variable = next(VARIABLE);
    if (variable)
      entries.push({ section, subsection, key: (variable[1] ?? '').toLowerCase(), value: valueOf(variable[2] ?? '') });
    else next(REST_OF_LINE);
  }
  return entries;
}

const ESCAPED: Readonly<Record<string, string>> = { n: '\n', t: '\t', b: '\b', '\n': '' };

/** Without quotes, escapes and continued lines; blanks around it count only in quotes. */
function valueOf(written: string): string {
  let value = '';
  let kept = 0;
  let quoted = false;
  for (const [token, escaped] of written.matchAll(/\\([^])|[^]/g)) {
    if (value === '' && !quoted && /^\s$/.test(token)) continue;
    if (token === '"') quoted = !quoted;
    else value += escaped === undefined ? token : (ESCAPED[escaped] ?? escaped);
    if (quoted || escaped !== undefined || !/\s/.test(token)) kept = value.length;
  }
  return value.slice(0, kept);
}
