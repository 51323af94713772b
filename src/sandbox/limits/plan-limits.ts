import { wholeDisk, type NoDisk } from '../../host/block-devices.ts';
import type { DeviceRates, DiskRates } from '../../model/limits/io.ts';
import { askedKeys, type LimitKey, type Limits, type LimitValues } from '../../model/limits/table.ts';
import { formatLimit } from '../../profile/limits.ts';
import { unavailable, type Reasons } from './unavailable.ts';

/** What a profile asks for, with nothing left to look up. */
export interface LimitsPlan {
  readonly mode: Limits['mode'];
  readonly values: LimitValues;
  /** What of them the caller reads. */
  readonly texts: Readonly<Partial<Record<LimitKey, string>>>;
  /** Those of a best effort that can be no limit of this host. */
  readonly missing: Reasons;
}

/**
 * Looks up which disks are meant.
 * @throws ProblemError `limitsUnavailable` where limits are strict and one of them is no disk.
 */
export function planLimits(limits: Limits): LimitsPlan {
  const { mode, 'io.max': io = [], ...others } = limits;
  const disks = disksOf(io);
  const missing = typeof disks === 'string' ? { 'io.max': disks } : {};
  if (mode === 'strict' && typeof disks === 'string') throw unavailable(missing);
  const values = typeof disks === 'string' || disks.length === 0 ? others : { ...others, 'io.max': disks };
  const texts = askedKeys(limits).map((key) => [key, textOf(key, limits)]);
  return { mode, values, texts: Object.fromEntries(texts) as LimitsPlan['texts'], missing };
}

function textOf(key: LimitKey, { [key]: limit }: Limits): string {
  return limit === undefined ? '' : formatLimit(key, limit);
}

/** The disks, or why one of them is none. */
function disksOf(io: readonly DeviceRates[]): readonly DiskRates[] | string {
  const disks: DiskRates[] = [];
  for (const { device, ...rates } of io) {
    const disk = wholeDisk(device);
    if (typeof disk === 'string') return `${device} ${WHY_NOT[disk]}`;
    if (disks.some(({ major, minor }) => major === disk.major && minor === disk.minor))
      return `${device} is a disk that is named twice`;
    disks.push({ ...disk, ...rates });
  }
  return disks;
}

const WHY_NOT: Readonly<Record<NoDisk, string>> = {
  missing: 'is no device of this machine',
  noBlockDevice: 'is no block device',
};
