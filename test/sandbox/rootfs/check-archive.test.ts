import fc from 'fast-check';
import { execa } from 'execa';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ProblemError } from '../../../src/model/problem.ts';
import { checkArchive } from '../../../src/sandbox/rootfs/check-archive.ts';
import { headerBlock, tarOf, type Given } from './archives.ts';

const folder = mkdtempSync(join(tmpdir(), 'check-archive-'));
const file = join(folder, 'a.tar');
afterAll(() => rmSync(folder, { recursive: true }));

function check(content: Buffer): Promise<string> {
  writeFileSync(file, content);
  return checkArchive(file);
}

async function problemOf(content: Buffer) {
  const error: unknown = await check(content).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ProblemError)) throw new Error('there was no problem', { cause: error });
  return error.problems[0];
}

const refused = (entry: string, reason: string) => ({
  code: 'tarEntryRefused',
  args: { path: file, entry, reason: expect.stringContaining(reason) as string },
});

describe('an entry that is refused', () => {
  const link: Given = { name: 'link', type: 'symlink', linkname: '/etc' };
  const folderEntry: Given = { name: 'd', type: 'directory' };
  const CASES: readonly [string, readonly Given[], string, string][] = [
    ['an absolute path', [{ name: '/etc/passwd' }], '/etc/passwd', 'its path is absolute'],
    ['a path that climbs', [{ name: 'a/../../b' }], 'a/../../b', 'its path holds ".."'],
    ['a character device', [{ name: 'dev/null', type: 'character-device' }], 'dev/null', "tar --exclude='./dev/*'"],
    ['a block device', [{ name: 'sda', type: 'block-device' }], 'sda', 'it is a device node'],
    ['a FIFO', [{ name: 'pipe', type: 'fifo' }], 'pipe', 'it is a FIFO'],
    ['a link that climbs out', [{ ...link, linkname: '../..' }], 'link', 'it leads out of the tree'],
    ['a link without a target', [{ ...link, linkname: '\0' }], 'link', 'without a readable target'],
    ['a file behind a link', [link, { name: 'link/passwd' }], 'link/passwd', 'it lies behind the link link'],
    ['a file far behind a link', [link, { name: './link//a/b' }], './link//a/b', 'it lies behind the link link'],
    [
      'a folder replaced by a link, then written through',
      [folderEntry, { ...link, name: 'd' }, { name: 'd/passwd' }],
      'd/passwd',
      'it lies behind the link d',
    ],
    ['a link replaced by a folder', [link, { name: 'link/', type: 'directory' }], 'link/', 'it replaces a link'],
    ['a file below a file', [{ name: 'f' }, { name: 'f/g' }], 'f/g', 'it lies below f, which is a file'],
    [
      'a hard link to an absolute path',
      [{ name: 'h', type: 'link', linkname: '/etc/shadow' }],
      'h',
      'its path is absolute',
    ],
    ['a hard link that climbs', [{ name: 'h', type: 'link', linkname: '../x' }], 'h', 'its path holds ".."'],
    [
      'a hard link through a link',
      [link, { name: 'h', type: 'link', linkname: 'link/shadow' }],
      'h',
      'behind the link link',
    ],
    ['a hard link to a link', [link, { name: 'h', type: 'link', linkname: 'link' }], 'h', 'which is no file'],
    ['a hard link to a folder', [folderEntry, { name: 'h', type: 'link', linkname: 'd/' }], 'h', 'which is no file'],
    [
      'a hard link to a later file',
      [{ name: 'h', type: 'link', linkname: 'f' }, { name: 'f' }],
      'h',
      'which does not come before it',
    ],
    [
      'a root that is a link',
      [{ name: './', type: 'symlink', linkname: '/etc' }],
      './',
      'it would replace the root folder',
    ],
  ];
  it.each(CASES)('%s', async (_, entries, entry, reason) => {
    expect(await problemOf(await tarOf(entries))).toMatchObject(refused(entry, reason));
  });

  it('one whose long name comes from a pax record', async () => {
    const name = `${'long/'.repeat(60)}../../x`;
    expect(await problemOf(await tarOf([{ name }]))).toMatchObject(refused(name, '".."'));
  });

  it.each(['gz', 'xz'])('also deep in a .%s', async (extension) => {
    const many = Array.from({ length: 2000 }, (_, index): Given => ({ name: `f${index}`, content: 'x'.repeat(600) }));
    writeFileSync(join(folder, 'many'), await tarOf([...many.slice(0, 1000), { name: '/x' }, ...many.slice(1000)]));
    await execa(extension === 'gz' ? 'gzip' : 'xz', ['-1', '--force', '--keep', join(folder, 'many')]);
    expect(await problemOf(readFileSync(join(folder, `many.${extension}`)))).toMatchObject(refused('/x', 'absolute'));
  });

  it.each([
    ['hard link', '1', 'f'],
    ['symbolic link', '2', 'f'],
    ['folder', '5', ''],
  ])('a %s that claims content, in which another entry could hide', async (_, typeflag, target) => {
    const none = '00000000000';
    const hidden = headerBlock('hidden', '6', none);
    const blocks = [headerBlock('f', '0', none), headerBlock('l', typeflag, '00000001000', target), hidden];
    expect(await problemOf(Buffer.concat([...blocks, Buffer.alloc(1024)]))).toMatchObject(
      refused('l', 'only a file can'),
    );
  });

  it('a name that is not UTF-8', async () => {
    const latin = headerBlock('caf\u00e9', '0', '00000000000');
    latin.write('caf\xe9\0', 0, 'latin1');
    latin.write(' '.repeat(8), 148);
    const sum = latin.reduce((total, byte) => total + byte, 0);
    latin.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    expect(await problemOf(Buffer.concat([latin, Buffer.alloc(1024)]))).toMatchObject(
      refused('caf\uFFFD', 'not UTF-8'),
    );
  });

  it.each(['gnu', 'posix'])('a sparse file of --format=%s', async (format) => {
    await execa('truncate', ['--size', '4M', join(folder, 'sparse')]);
    const { stdout } = await execa('tar', [`--format=${format}`, '--sparse', '-c', '-C', folder, 'sparse'], {
      encoding: 'buffer',
    });
    expect(await problemOf(Buffer.from(stdout))).toMatchObject({ code: 'tarEntryRefused' });
  });
});

describe('an archive', () => {
  const archives = new Map<string, Buffer>();

  beforeAll(async () => {
    const zeros = Buffer.alloc(4096);
    const tar = await tarOf([
      { name: 'd/', type: 'directory' },
      { name: 'd/zeros', content: zeros },
      { name: 'last', content: zeros },
    ]);
    archives.set('tar', tar);
    for (const [name, program] of [
      ['tar.gz', 'gzip'],
      ['tar.xz', 'xz'],
    ] as const) {
      const { stdout } = await execa(program, ['--stdout'], { input: tar, encoding: 'buffer' });
      archives.set(name, Buffer.from(stdout));
    }
  });

  it.each(['tar', 'tar.gz', 'tar.xz'])('.%s that is whole gives its SHA-256', async (name) => {
    const content = archives.get(name) ?? Buffer.alloc(0);
    expect(await check(content)).toBe(createHash('sha256').update(content).digest('hex'));
  });

  it('that is cut off at any block is broken, also where the last bytes are zeros', async () => {
    const content = archives.get('tar') ?? Buffer.alloc(0);
    for (let size = 0; size < content.length; size += 256) {
      expect(await problemOf(content.subarray(0, size)), `${size} of ${content.length}`).toMatchObject({
        code: 'tarBroken',
      });
    }
  });

  it.each(['tar.gz', 'tar.xz'])('.%s that is cut off anywhere is broken', async (name) => {
    const content = archives.get(name) ?? Buffer.alloc(0);
    const runs = { numRuns: name === 'tar.gz' ? 100 : 20 };
    await fc.assert(
      fc.asyncProperty(fc.nat(content.length - 1), async (size) => {
        expect(await problemOf(content.subarray(0, size))).toMatchObject({ code: 'tarBroken' });
      }),
      runs,
    );
  });

  it('of random bytes is broken', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), async (bytes) => {
        expect(await problemOf(Buffer.from(bytes))).toMatchObject({ code: 'tarBroken' });
      }),
    );
  });

  it('made by GNU tar of a real system passes', async () => {
    await execa('tar', ['-czf', file, '-C', '/', '--hard-dereference', 'etc/alternatives', 'usr/share/zoneinfo']);
    expect(await checkArchive(file)).toHaveLength(64);
  });
});
