import { execa } from 'execa';
import { createWriteStream, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterAll, describe, expect, it } from 'vitest';
import { ProblemError } from '../../../src/model/problem.ts';
import { rewriteArchive } from '../../../src/sandbox/rootfs/rewrite-archive.ts';
import { headerBlock, listing, tarOf, type Given } from './archives.ts';

const folder = mkdtempSync(join(tmpdir(), 'rewrite-archive-'));
const file = join(folder, 'a.tar');
afterAll(() => rmSync(folder, { recursive: true }));

async function rewritten(content: Buffer): Promise<Buffer> {
  writeFileSync(file, content);
  const target = new PassThrough();
  const [result] = await Promise.all([buffer(target), rewriteArchive(file, target)]);
  return result;
}

async function namesIn(tar: Buffer): Promise<readonly string[]> {
  const { stdout } = await execa('tar', ['--list', '--quoting-style=literal'], {
    input: tar,
    env: { LC_ALL: 'C.UTF-8' },
  });
  return stdout.split('\n');
}

describe('a rewritten archive', () => {
  it('holds nothing that another program could see but the check could not', async () => {
    const none = '00000000000';
    const sizeAfterNuls = `${'\0'.repeat(7)}1000`; // 0 to GNU tar, 512 to others
    const tar = Buffer.concat([
      headerBlock('f', '0', sizeAfterNuls),
      headerBlock('hidden', '6', none),
      Buffer.alloc(1024),
    ]);
    expect(await namesIn(tar)).toEqual(['f', 'hidden']);
    expect(await namesIn(await rewritten(tar))).toEqual(['f']);
  });

  it('keeps names of every kind', async () => {
    const names = ['ő/ű', `${'long/'.repeat(80)}x`, 'with\nnewline', 'a b', '-rf', 'y'.repeat(255)];
    expect(await rewritten(await tarOf(names.map((name) => ({ name })))).then(namesIn)).toEqual(
      names.join('\n').split('\n'),
    );
  });

  it.each(['gnu', 'pax', 'ustar'])('unpacks to what GNU tar would unpack from --format=%s', async (format) => {
    const [tree, plain, anew] = ['tree', 'plain', 'anew'].map((name) => join(folder, `${name}-${format}`)) as [
      string,
      string,
      string,
    ];
    for (const path of [tree, plain, anew]) mkdirSync(path);
    await execa(
      'sh',
      [
        '-c',
        'mkdir -m 2775 d; echo 1 >d/f; ln d/f h; ln -s /d/f s; ln -s d r; : >none; chmod 0 none; cp /bin/true su; chmod 4755 su; head -c 100000 /dev/urandom >d/big; touch -d 2040-01-01 future; mkdir -m 1777 t',
      ],
      { cwd: tree },
    );
    if (process.getuid?.() === 0) await execa('sh', ['-c', 'chown 1000:2000 none; chown -h 65534 s'], { cwd: tree });
    const { stdout } = await execa('tar', [`--format=${format}`, '-c', '-C', tree, '.'], { encoding: 'buffer' });
    const anewTar = await rewritten(Buffer.from(stdout));
    for (const [input, cwd] of [
      [stdout, plain],
      [anewTar, anew],
    ] as const)
      await execa('tar', ['-x', '-p', '--numeric-owner'], { input, cwd });
    expect(await listing(anew)).toEqual(await listing(plain));
    await execa('diff', ['-r', '--no-dereference', plain, anew]);
  });

  it('keeps ids and sizes that old headers have no room for', async () => {
    const entry: Given = { name: 'f', pax: { uid: '4000000000', gid: '3000000', mtime: '5000000000.25' } };
    const { stdout } = await execa('tar', ['--list', '--verbose', '--numeric-owner', '--full-time'], {
      input: await rewritten(await tarOf([entry])),
      env: { TZ: 'UTC' },
    });
    expect(stdout).toContain('4000000000/3000000');
    expect(stdout).toContain('2128-06-11 08:53:20.25');
  });

  it('is not finished where the archive is broken', async () => {
    const tar = await tarOf([{ name: 'f', content: Buffer.alloc(300_000, 1) }]);
    writeFileSync(file, tar.subarray(0, 200_000));
    const cut = join(folder, 'cut');
    await expect(rewriteArchive(file, createWriteStream(cut))).rejects.toThrow(ProblemError);
    expect((await execa('tar', ['--list', '--file', cut], { reject: false })).exitCode).not.toBe(0);
  });

  it('says what is wrong with its target, not with the archive', async () => {
    writeFileSync(file, await tarOf([{ name: 'f', content: Buffer.alloc(3_000_000, 1) }, { name: 'g' }]));
    let room = 100_000;
    const full = new Writable({
      write(chunk: Buffer, _encoding, done) {
        room -= chunk.length;
        done(room < 0 ? new Error('no room') : null);
      },
    });
    await expect(rewriteArchive(file, full)).rejects.toThrow(/^no room$/);
    const closed = new PassThrough();
    setImmediate(() => closed.destroy());
    await expect(rewriteArchive(file, closed)).rejects.not.toThrow(ProblemError);
  });
});
