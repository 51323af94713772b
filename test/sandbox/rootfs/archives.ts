import { execa } from 'execa';
import { buffer } from 'node:stream/consumers';
import { pack, type Header } from 'tar-stream';

export type Given = Partial<Header> & { readonly content?: string | Buffer };

/** A tar with these entries, made by tar-stream, which writes what no honest program would. */
export async function tarOf(entries: readonly Given[]): Promise<Buffer> {
  const archive = pack();
  for (const { content = '', ...header } of entries) archive.entry({ name: 'x', mode: 0o644, ...header }, content);
  archive.finalize();
  return buffer(archive);
}

/** One header block of POSIX ustar, with a size that the entry's kind need not have. */
export function headerBlock(name: string, typeflag: string, size: string, linkname = ''): Buffer {
  const block = Buffer.alloc(512);
  block.write(name, 0);
  block.write('0000644\0', 100);
  block.write('0000000\0'.repeat(2), 108);
  block.write(size, 124, 'latin1');
  block.write('00000000000\0', 136);
  block.write(' '.repeat(8), 148);
  block.write(typeflag, 156);
  block.write(linkname, 157);
  block.write('ustar\x0000', 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

/** Mode, owner, size, time and target of each path below a folder, as find(1) prints them. */
export async function listing(folder: string, format = '%P %y %m %U %G %s %T@ %l %n\\n'): Promise<readonly string[]> {
  const { stdout } = await execa(
    'find',
    ['.', '!', '-type', 'd', '-printf', format, '-o', '-printf', format.replace('%s ', '').replace('%n', '')],
    { cwd: folder },
  );
  return stdout.split('\n').sort();
}
