/** What came of one address that was tried from a network. */
export interface ReachCell {
  readonly ping: boolean;
  readonly port: 'open' | 'refused' | undefined;
}

/** The tries from one network, in the order of the targets; undefined is the network itself. */
export interface ReachLine {
  readonly from: string;
  readonly cells: readonly (ReachCell | undefined)[];
  /** What could not be tried, in words. */
  readonly note: string | undefined;
}

export interface ReachReport {
  /** When, in milliseconds since the epoch. */
  readonly at: number;
  readonly port: number | undefined;
  readonly targets: readonly { readonly network: string; readonly address: string }[];
  readonly lines: readonly ReachLine[];
}

/** The matrix of who reaches whom, as a table of plain text that is right in any editor. */
export function reachText({ at, port, targets, lines }: ReachReport): string {
  const head = ['from', ...targets.map(({ network, address }) => `${flat(network)} ${address}`)];
  const rows = lines.map(({ from, cells }) => [flat(from), ...cells.map((cell) => cellText(cell, port))]);
  const notes = lines.flatMap(({ from, note }) => (note === undefined ? [] : [`${flat(from)}: ${flat(note)}`]));
  return [
    `Who reaches whom, tried at ${new Date(at).toLocaleTimeString('en-GB')}`,
    '',
    ...table([head, ...rows]),
    '',
    `ping: an ICMP echo request was answered${port === undefined ? '' : `; open, refused: what TCP port ${port} said`}; -: nothing came back within a second.`,
    ...(notes.length > 0 ? ['', 'Not tried:', ...notes] : []),
    '',
  ].join('\n');
}

function cellText(cell: ReachCell | undefined, port: number | undefined): string {
  if (cell === undefined) return '(itself)';
  const said = [...(cell.ping ? ['ping'] : []), ...(port !== undefined && cell.port ? [cell.port] : [])];
  return said.length > 0 ? said.join(', ') : '-';
}

function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const [head = [], ...rest] = rows;
  return [line(head), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...rest.map(line)];
}

/** Names come from others: one line each, and no bar that would be a column. */
function flat(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}|]+/gu, ' ');
}
