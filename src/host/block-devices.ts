import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Numbers of a device (makedev(3)). */
export interface DeviceNumbers {
  readonly major: number;
  readonly minor: number;
}

/** Why something is no disk. */
export type NoDisk = 'missing' | 'noBlockDevice';

/**
 * The whole disk of a path or of `MAJ:MIN`, a partition's too: the kernel limits disks (block/blk-cgroup.c, blkg_conf_open_bdev).
 * What is a partition, sysfs tells (Documentation/ABI/testing/sysfs-block).
 */
export function wholeDisk(device: string): DeviceNumbers | NoDisk {
  const numbers = device.startsWith('/') ? numbersOf(device) : parsed(device);
  if (typeof numbers === 'string') return numbers;
  const entry = join('/sys/dev/block', `${numbers.major}:${numbers.minor}`);
  if (!existsSync(entry)) return 'missing';
  return existsSync(join(entry, 'partition')) ? parsed(diskAbove(entry)) : numbers;
}

function numbersOf(path: string): DeviceNumbers | NoDisk {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return 'missing';
  return found.isBlockDevice() ? split(found.rdev) : 'noBlockDevice';
}

/** The kernel has 12 bits for the one and 20 for the other (linux/kdev_t.h, new_decode_dev). */
function split(device: number): DeviceNumbers {
  return { major: (device >> 8) & 0xfff, minor: (device & 0xff) | ((device >> 12) & 0xfff00) };
}

function diskAbove(partition: string): string {
  return readFileSync(join(dirname(realpathSync(partition)), 'dev'), 'utf8').trim();
}

function parsed(text: string): DeviceNumbers {
  const [major = 0, minor = 0] = text.split(':').map(Number);
  return { major, minor };
}
