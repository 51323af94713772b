import fc from 'fast-check';
import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { entryChecker } from '../../../src/sandbox/rootfs/check-entry.ts';

type Entry = Parameters<ReturnType<typeof entryChecker>>[0];
const entry = (name: string, type: string, linkname = ''): Entry =>
  ({ name, type, linkname, pax: null }) as unknown as Entry;

describe('entryChecker', () => {
  it('takes what a minirootfs is made of', () => {
    const check = entryChecker();
    const entries = [
      entry('./', 'directory'),
      entry('./bin/', 'directory'),
      entry('./bin/busybox', 'file'),
      entry('./bin/sh', 'symlink', '/bin/busybox'),
      entry('./lib64', 'symlink', 'usr/lib64'),
      entry('./usr/bin/awk', 'symlink', '../../bin/busybox'),
      entry('./bin/hard', 'link', './bin/busybox'),
    ];
    expect(entries.map(check)).toEqual(entries.map(() => undefined));
  });

  it('refuses a link that replaces a folder of an earlier path, and what comes after', () => {
    const check = entryChecker();
    expect(check(entry('a', 'symlink', '/tmp'))).toBeUndefined();
    expect(check(entry('a', 'directory'))).toContain('replaces a link');
    expect(check(entry('a/b/c', 'file'))).toContain('behind the link a');
    expect(check(entry('h', 'link', 'a/passwd'))).toContain('behind the link a');
    expect(check(entry('h', 'link', 'later'))).toContain('does not come before');
  });

  it('lets no sequence of entries reach out of the tree', () => {
    const part = fc.constantFrom('a', 'b', '..', '.', '', 'c');
    const path = fc
      .tuple(fc.constantFrom('', '/', './'), fc.array(part, { maxLength: 4 }))
      .map(([start, parts]) => start + parts.join('/'));
    const entries = fc.array(
      fc.record({ name: path, type: fc.constantFrom('file', 'directory', 'symlink', 'link'), linkname: path }),
    );
    fc.assert(
      fc.property(entries, (list) => {
        const check = entryChecker();
        const links = new Map<string, string>();
        for (const { name, type, linkname } of list) {
          if (check(entry(name, type, linkname)) !== undefined) continue;
          const inside = posix.join('/', name, '.');
          expect(name.split('/')).not.toContain('..');
          for (let above = posix.dirname(inside); above !== '/'; above = posix.dirname(above))
            expect(links.has(above)).toBe(false);
          if (type === 'symlink') links.set(inside, linkname);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
