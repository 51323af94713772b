import { execa } from 'execa';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startTimeOf } from '../../../src/discovery/pin.ts';
import { ProblemError } from '../../../src/model/problem.ts';
import type { IdPlan } from '../../../src/sandbox/ids.ts';
import { planIds, SHIFTED_BASE } from '../../../src/sandbox/ids.ts';
import { prepareRootfs } from '../../../src/sandbox/rootfs/prepare.ts';
import { removeTree } from '../../../src/sandbox/rootfs/remove.ts';
import { listing, tarOf } from './archives.ts';
import { asUser } from './as-user.ts';

const isRoot = process.getuid?.() === 0;
const uid = process.getuid?.() ?? 0;
const gid = process.getgid?.() ?? 0;
const OWN: IdPlan = {
  kind: 'single',
  uids: [{ inside: 0, outside: uid, count: 1 }],
  gids: [{ inside: 0, outside: gid, count: 1 }],
};
const PLANS: readonly (readonly [string, IdPlan])[] = [
  ['a single id', OWN],
  ...(isRoot ? [['shifted ids', planIds(0, 0)] as const] : []),
];

let base: string;
let dataFolder: string;
let archive: string;

beforeEach(async () => {
  base = mkdtempSync(join(tmpdir(), 'prepare-rootfs-'));
  chmodSync(base, 0o755);
  dataFolder = join(base, 'data');
  archive = join(base, 'mini.tar.gz');
  const tree = join(base, 'tree');
  await execa('sh', [
    '-c',
    `mkdir -p ${tree}/bin ${tree}/closed && cd ${tree} && cp /bin/true bin/su && chmod 4755 bin/su && ln bin/su bin/hard && ln -s /bin/su sh && echo secret >closed/f && chmod 0 closed/f closed`,
  ]);
  if (isRoot) await execa('chown', ['-h', '1000:2000', `${tree}/sh`, `${tree}/closed/f`]);
  await execa('tar', ['--format=posix', '-czf', archive, '-C', tree, '.']).catch((error: unknown) => {
    if (isRoot) throw error; // only root may read a closed folder
  });
});
afterEach(async () => {
  await removeTree(base, OWN);
});

const prepare = (path: string, ids: IdPlan, sha256?: string) =>
  prepareRootfs({ kind: 'tar', path, sha256 }, { dataFolder, ids });

async function problemOf(promise: Promise<unknown>) {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ProblemError)) throw new Error('there was no problem', { cause: error });
  return error.problems[0];
}

const filesIn = (folder: string): readonly string[] =>
  existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : [];

describe.skipIf(!isRoot).each(PLANS)('an archive for %s (needs root)', (_, ids) => {
  it('is unpacked with modes, links and times', async () => {
    const { lower } = await prepare(archive, ids);
    const format = '%P %y %m %s %T@ %l %n\\n';
    expect(await listing(lower, format)).toEqual(await listing(join(base, 'tree'), format));
    expect(basename(lower)).toMatch(/^[0-9a-f]{64}(\.one-owner)?$/);
  });

  it('has the owners that there are', async () => {
    const { lower, notes } = await prepare(archive, ids);
    const owner = ids.kind === 'shifted' ? [SHIFTED_BASE, SHIFTED_BASE + 1000, SHIFTED_BASE + 2000] : [0, 0, 0];
    const file = statSync(join(lower, 'closed/f'));
    expect([statSync(join(lower, 'bin')).uid, file.uid, file.gid]).toEqual(owner);
    expect(notes).toEqual(ids.kind === 'shifted' ? [] : [{ note: 'ownershipNotKept' }]);
  });

  it('is unpacked once, and found again in a moment', async () => {
    const { lower } = await prepare(archive, ids);
    const { ino, ctimeMs } = statSync(lower);
    const times: number[] = [];
    for (let run = 0; run < 5; run += 1) {
      const start = performance.now();
      expect((await prepare(archive, ids)).lower).toBe(lower);
      times.push(performance.now() - start);
    }
    expect(Math.min(...times)).toBeLessThan(5);
    expect(statSync(lower)).toMatchObject({ ino, ctimeMs });
  });

  it('may be asked for by many at once', async () => {
    const all = await Promise.all(Array.from({ length: 4 }, () => prepare(archive, ids)));
    expect(new Set(all.map(({ lower }) => lower)).size).toBe(1);
    expect(filesIn(dataFolder).filter((name) => name.includes('.partial-'))).toEqual([]);
  });

  it('that has changed is unpacked beside the old one', async () => {
    const { lower } = await prepare(archive, ids);
    writeFileSync(archive, await tarOf([{ name: 'new' }]));
    const next = await prepare(archive, ids);
    expect(readdirSync(next.lower)).toEqual(['new']);
    expect(existsSync(lower)).toBe(true);
  });

  it('whose content is another than the profile says is not unpacked', async () => {
    const expected = '0'.repeat(64);
    expect(await problemOf(prepare(archive, ids, expected))).toMatchObject({
      code: 'digestMismatch',
      args: { expected },
    });
    expect(filesIn(dataFolder)).toEqual([]);
  });

  it('leaves nothing where it is refused, cut off or cannot be unpacked', async () => {
    writeFileSync(archive, await tarOf([{ name: 'good' }, { name: '/bad' }]));
    expect(await problemOf(prepare(archive, ids))).toMatchObject({ code: 'tarEntryRefused', args: { entry: '/bad' } });
    writeFileSync(archive, (await tarOf([{ name: 'good', content: Buffer.alloc(5000) }])).subarray(0, 3000));
    expect(await problemOf(prepare(archive, ids))).toMatchObject({ code: 'tarBroken' });
    writeFileSync(archive, await tarOf([{ name: 'd', type: 'directory' }, { name: 'd/f' }, { name: 'd' }]));
    expect(await problemOf(prepare(archive, ids))).toMatchObject({ code: 'unpackFailed' });
    expect(filesIn(dataFolder)).toEqual([]);
  });

  it('removes what killed launchers have left, and nothing of living ones', async () => {
    const store = join(dataFolder, 'rootfs', 'other');
    const abandoned = join(store, '.partial-4194304-1-abc');
    const living = join(store, `.partial-${process.pid}-${startTimeOf(process.pid) ?? 0}-abc`);
    for (const folder of [abandoned, living]) mkdirSync(join(folder, 'closed', 'f'), { recursive: true });
    chmodSync(join(abandoned, 'closed'), 0);
    await prepare(archive, ids);
    expect(readdirSync(store)).toEqual([basename(living)]);
  });

  it('stays reachable under a umask of 077', async () => {
    const umask = process.umask(0o077);
    try {
      const { lower } = await prepare(archive, ids);
      for (const folder of [dataFolder, join(dataFolder, 'rootfs'), join(lower, '..')])
        expect(statSync(folder).mode & 0o777).toBe(0o755);
    } finally {
      process.umask(umask);
    }
  });
});

describe('a root file system that is not usable', () => {
  const ofFolder = (path: string, ids: IdPlan = OWN) => prepareRootfs({ kind: 'directory', path }, { dataFolder, ids });

  it('is one that is missing', async () => {
    expect(await problemOf(ofFolder(join(base, 'none')))).toMatchObject({ code: 'rootfsMissing' });
    expect(await problemOf(prepare(join(base, 'none.tar'), OWN))).toMatchObject({ code: 'rootfsMissing' });
    expect(await problemOf(prepare(join(archive, 'below'), OWN))).toMatchObject({ code: 'rootfsMissing' });
  });

  it('is a folder for an archive, a file for a folder, or a FIFO', async () => {
    await execa('mkfifo', [join(base, 'fifo')]);
    expect(await problemOf(prepare(base, OWN))).toMatchObject({ code: 'rootfsNotUsable' });
    expect(await problemOf(prepare(join(base, 'fifo'), OWN))).toMatchObject({ code: 'rootfsNotUsable' });
    expect(await problemOf(ofFolder(join(base, 'fifo')))).toMatchObject({ code: 'rootfsNotUsable' });
    expect(await problemOf(ofFolder('/'))).toMatchObject({ code: 'rootfsNotUsable' });
  });

  it.skipIf(!isRoot)("is a folder that the ids of root's sandboxes cannot reach (needs root)", async () => {
    const closed = join(base, 'closed');
    mkdirSync(join(closed, 'root'), { recursive: true });
    chmodSync(closed, 0o700);
    const reason = expect.stringContaining(`${closed} is closed to others`) as string;
    expect(await problemOf(ofFolder(join(closed, 'root'), planIds(0, 0)))).toMatchObject({
      code: 'rootfsNotUsable',
      args: { reason },
    });
  });

  it('is not one behind a link: its real path counts', async () => {
    symlinkSync(join(base, 'tree'), join(base, 'link'));
    expect((await ofFolder(join(base, 'link'))).lower).toBe(join(base, 'tree'));
  });
});

describe.skipIf(!isRoot)('for an ordinary user (needs root to become one)', () => {
  const call = () =>
    `prepareRootfs({ kind: 'tar', path: '${archive}', sha256: undefined }, { dataFolder: '${dataFolder}', ids: planIds(47000, 47000) })`;
  beforeEach(() => {
    mkdirSync(dataFolder);
    chownSync(dataFolder, 47_000, 47_000);
  });

  it('all files become their own, and can be removed again', async () => {
    const run = await asUser(base);
    const result = (await run(call())) as { lower: string; notes: unknown };
    expect(result.notes).toEqual([{ note: 'ownershipNotKept' }]);
    expect(statSync(join(result.lower, 'closed/f'))).toMatchObject({ uid: 47_000, gid: 47_000 });
    expect(await run(`removeTree('${result.lower}', planIds(47000, 47000))`)).toBeNull();
    expect(existsSync(result.lower)).toBe(false);
  });

  it('an archive or folder that they may not read or reach is one clear problem', async () => {
    const run = await asUser(base);
    chmodSync(archive, 0o600);
    expect(await run(call())).toMatchObject({
      problems: [{ code: 'rootfsNotUsable', args: { reason: 'you may not read it' } }],
    });
    const below = `prepareRootfs({ kind: 'directory', path: '${base}/tree/closed/x' }, { dataFolder: '${dataFolder}', ids: planIds(47000, 47000) })`;
    expect(await run(below)).toMatchObject({
      problems: [{ code: 'rootfsNotUsable', args: { reason: 'you may not reach it' } }],
    });
  });

  it('what a launcher killed while unpacking leaves is removed by the next', async () => {
    const files = Array.from({ length: 300 }, (_, index) => ({
      name: `f${index}`,
      content: Buffer.alloc(100_000, index),
    }));
    writeFileSync(archive, await tarOf(files));
    const run = await asUser(base);
    const store = join(dataFolder, 'rootfs', 'mini');
    const begun = `fs.existsSync('${store}') && fs.readdirSync('${store}', { recursive: true }).some((name) => name.endsWith('/f9'))`;
    const kill = `setInterval(() => { if (${begun}) process.kill(process.pid, 'SIGKILL'); }, 1)`;
    await expect(run(`new Promise(() => { ${kill}; ${call()}; })`)).rejects.toThrow('SIGKILL');
    expect(readdirSync(store)).toEqual([expect.stringMatching(/^\.partial-/)]);
    const { lower } = (await run(call())) as { lower: string };
    expect(readdirSync(store)).toEqual([basename(lower)]);
    expect(readdirSync(lower)).toHaveLength(files.length);
  });

  it('with subordinate ids the owners are kept', async () => {
    const etc = (name: string): string => join(base, name);
    writeFileSync(etc('passwd'), `${readFileSync('/etc/passwd', 'utf8')}tester:x:47000:47000::/:/bin/sh\n`);
    writeFileSync(etc('subuid'), 'tester:700000:65536\n');
    const binds = ['passwd', 'subuid', 'subgid'].map(
      (name) => `mount --bind ${etc(name === 'subgid' ? 'subuid' : name)} /etc/${name}`,
    );
    const run = await asUser(base, ['unshare', '--mount', 'sh', '-c', `${binds.join(' && ')} && exec "$@"`, 'sh']);
    const { lower, notes } = (await run(call())) as { lower: string; notes: unknown };
    expect(notes).toEqual([]);
    expect(statSync(join(lower, 'bin/su'))).toMatchObject({ uid: 47_000, gid: 47_000 });
    expect(statSync(join(lower, 'closed/f'))).toMatchObject({ uid: 700_999, gid: 701_999 });
    expect(await run(`removeTree('${lower}', planIds(47000, 47000))`)).toBeNull();
    expect(existsSync(lower)).toBe(false);
  });
});

describe.skipIf(!isRoot)('an archive that changes while it is unpacked (needs root)', () => {
  it('is not what was checked, and nothing of it stays', async () => {
    const evil = join(base, 'evil.tar');
    writeFileSync(evil, await tarOf([{ name: 'evil' }]));
    const { lower } = await prepare(archive, OWN);
    rmSync(lower, { recursive: true });
    const known = join(dataFolder, 'rootfs', '.known');
    const [record = ''] = readdirSync(known);
    const sha256 = readFileSync(join(known, record), 'utf8').split('\n')[1] ?? '';
    cpSync(evil, archive);
    const { dev, ino, size, mtimeNs, ctimeNs } = statSync(archive, { bigint: true });
    writeFileSync(join(known, record), `${[dev, ino, size, mtimeNs, ctimeNs].join(' ')}\n${sha256}\n`);
    expect(await problemOf(prepare(archive, OWN))).toMatchObject({ code: 'unpackFailed' });
    expect(filesIn(dataFolder).filter((name) => name.includes('evil') || name.includes('.partial'))).toEqual([]);
  });
});
