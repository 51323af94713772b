import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { diskUse } from '../../src/sandbox/disk-use.ts';

describe('what folders take of a disk', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'disk-use-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is what is in them, and not where a link leads', async () => {
    mkdirSync(join(folder, 'a/b'), { recursive: true });
    writeFileSync(join(folder, 'a/b/file'), Buffer.alloc(1 << 20, 1));
    symlinkSync('/usr', join(folder, 'a/link'));
    const { bytes, isLeast } = await diskUse([folder]);
    expect(isLeast).toBe(false);
    expect(bytes).toBeGreaterThanOrEqual(1 << 20);
    expect(bytes).toBeLessThan((1 << 20) + 100_000);
  });

  it('is nothing for a folder that is gone', async () => {
    expect(await diskUse([join(folder, 'gone')])).toEqual({ bytes: 0, isLeast: false });
  });

  it('is the least of what there is where there is too much to count', async () => {
    for (let number = 0; number < 20; number += 1) writeFileSync(join(folder, `${number}`), 'x');
    expect((await diskUse([folder], 10)).isLeast).toBe(true);
  });
});
