import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync, statSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BARE_ROOT, makeBareRoot, removeUnusedBareRoots, splitBareRoot } from '../../src/sandbox/bare-root.ts';
import { planIds, type IdPlan } from '../../src/sandbox/ids.ts';
import { bindFolder, NO_MOUNTS, tmpfs, type MountPlan } from '../../src/sandbox/mounts.ts';

const IDS: IdPlan = { ...planIds(1000, 1000, { ids: 'single', user: { uid: 0, gid: 0 } }) };

const PLAN: MountPlan = {
  ...NO_MOUNTS,
  first: [BARE_ROOT, bindFolder('/usr', '/usr', 'ro'), tmpfs('/tmp', '1777')],
  folders: ['/tmp/work', '/var/tmp'],
  files: ['/dev/null', '/tmp/file'],
  links: [{ path: '/lib/here', to: 'there' }],
};

describe('a bare root', () => {
  let around: string;
  beforeEach(() => (around = mkdtempSync(join(tmpdir(), 'bare-root-'))));
  afterEach(() => rmSync(around, { recursive: true, force: true }));

  it('takes what stands on it, and leaves what is below a mount for later', () => {
    const { bare, mounts } = splitBareRoot(PLAN, around, IDS);
    expect(bare.folders).toEqual(['/', '/usr', '/tmp', '/var/tmp', '/dev', '/lib']);
    expect(bare.files).toEqual(['/dev/null']);
    expect({ folders: mounts.folders, files: mounts.files, links: mounts.links }).toEqual({
      folders: ['/tmp/work'],
      files: ['/tmp/file'],
      links: [],
    });
    expect(mounts.first[0]?.options[0]).toBe(`lowerdir=${bare.folder}/root:${bare.folder}/none`);
  });

  it('is one for the same mounts and owners, and another for others', () => {
    const { bare } = splitBareRoot(PLAN, around, IDS);
    expect(splitBareRoot(PLAN, around, IDS).bare.folder).toBe(bare.folder);
    expect(splitBareRoot({ ...PLAN, folders: [] }, around, IDS).bare.folder).not.toBe(bare.folder);
    expect(splitBareRoot(PLAN, around, { ...IDS, kind: 'shifted' }).bare.folder).not.toBe(bare.folder);
  });

  it('is made whole, and made once', () => {
    const { bare } = splitBareRoot(PLAN, around, IDS);
    makeBareRoot(bare, IDS);
    const first = statSync(bare.folder).ino;
    makeBareRoot(bare, IDS);
    expect(statSync(bare.folder).ino).toBe(first);
    expect(readdirSync(around)).toHaveLength(1);
    expect(readdirSync(join(bare.folder, 'root')).sort()).toEqual(['dev', 'lib', 'tmp', 'usr', 'var']);
    expect(readlinkSync(join(bare.folder, 'root/lib/here'))).toBe('there');
    expect(statSync(join(bare.folder, 'root/dev/null')).size).toBe(0);
  });

  it('goes once nobody has stood on it for a while', () => {
    const { bare } = splitBareRoot(PLAN, around, IDS);
    makeBareRoot(bare, IDS);
    removeUnusedBareRoots(around, new Set());
    expect(existsSync(bare.folder)).toBe(true);
    utimesSync(bare.folder, 0, 0);
    removeUnusedBareRoots(around, new Set([bare.folder]));
    expect(existsSync(bare.folder)).toBe(true);
    removeUnusedBareRoots(around, new Set());
    expect(readdirSync(around)).toEqual([]);
  });
});
