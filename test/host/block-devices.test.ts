import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { wholeDisk } from '../../src/host/block-devices.ts';

const BLOCK = '/sys/dev/block';
const all = existsSync(BLOCK) ? readdirSync(BLOCK) : [];
const isPartition = (numbers: string): boolean => existsSync(`${BLOCK}/${numbers}/partition`);
const disk = all.find((numbers) => !isPartition(numbers));
const partition = all.find(isPartition);

describe('wholeDisk', () => {
  it.each(['/dev/no-such-disk', '4095:1048575'])('finds nothing for %s', (device) => {
    expect(wholeDisk(device)).toBe('missing');
  });

  it.each(['/dev/null', '/', '/etc/passwd'])('takes no %s for a disk', (path) => {
    expect(wholeDisk(path)).toBe('noBlockDevice');
  });

  it.skipIf(disk === undefined)('knows a disk by its numbers (needs one)', () => {
    const [major, minor] = (disk ?? '').split(':').map(Number);
    expect(wholeDisk(disk ?? '')).toEqual({ major, minor });
  });

  it.skipIf(partition === undefined)('gives the disk of a partition (needs one)', () => {
    const found = wholeDisk(partition ?? '');
    expect(found).toMatchObject({ major: expect.any(Number) as unknown });
    const { major, minor } = typeof found === 'string' ? { major: -1, minor: -1 } : found;
    expect(isPartition(`${major}:${minor}`)).toBe(false);
  });
});
