const UNITS = ['B', 'K', 'M', 'G', 'T'] as const;

/** Bytes in the units in which limits are written (`64M`): powers of 1024, at most three digits. */
export function bytes(count: number): string {
  const power = Math.min(Math.floor(Math.log2(Math.max(count, 1)) / 10), UNITS.length - 1);
  const amount = count / 1024 ** power;
  return `${amount < 10 && power > 0 ? Math.round(amount * 10) / 10 : Math.round(amount)}${UNITS[power] ?? ''}`;
}

/** A duration in milliseconds as its one or two largest units: `42s`, `3min`, `2h 5min`, `4d 1h`. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (hours >= 24) return `${Math.floor(hours / 24)}d ${hours % 24}h`;
  if (hours > 0) return `${hours}h ${minutes % 60}min`;
  return minutes > 0 ? `${minutes}min` : `${seconds}s`;
}

/** `1 process`, `4 processes`. */
export function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}
