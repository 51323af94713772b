/** Ids that a line of subuid(5) gives to a user, by its name or its number. */
export interface SubordinateRange {
  readonly owner: string;
  readonly start: number;
  readonly count: number;
}

/** The lines of /etc/subuid or /etc/subgid: `owner:start:count`, where owner is a name or a number. Others are passed over. */
export function parseSubordinateIds(text: string): readonly SubordinateRange[] {
  return text
    .split('\n')
    .map((line) => /^([^:#]+):(\d+):(\d+)$/.exec(line.trim()))
    .filter((match) => match !== null)
    .map(([, owner = '', start, count]) => ({ owner, start: Number(start), count: Number(count) }))
    .filter(({ count }) => count > 0);
}
