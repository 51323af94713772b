/** Text from processes and files as Markdown that shows it letter by letter. */
export function plain(text: string): string {
  return text.replace(/[\\`*_{}[\]()#+\-.!|<>~&$@:]/g, '\\$&').replace(/\s+/g, ' ');
}

/** Text as inline code, whatever back-ticks it holds. */
export function code(text: string): string {
  const flat = text.replace(/\s+/g, ' ').trim();
  if (flat === '') return '';
  const longest = Math.max(0, ...[...flat.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = '`'.repeat(longest + 1);
  return longest > 0 ? `${fence} ${flat} ${fence}` : `${fence}${flat}${fence}`;
}

/** A two-column table without a head; rows whose value is undefined are left out. */
export function facts(rows: readonly (readonly [string, string | undefined])[]): string {
  const lines = rows
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `| ${plain(name)} | ${(value ?? '').replaceAll('|', '\\|')} |`);
  return ['| | |', '|---|---|', ...lines].join('\n');
}
