import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { planIds } from '../../../src/sandbox/ids.ts';
import { removeTree } from '../../../src/sandbox/rootfs/remove.ts';

const ids = planIds(process.getuid?.() ?? 0, process.getgid?.() ?? 0);
let base: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'remove-tree-'));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

describe('removeTree', () => {
  it('takes a tree with folders that are closed to their owner', async () => {
    const tree = join(base, '-rf tree');
    mkdirSync(join(tree, 'work', 'work', 'in'), { recursive: true });
    writeFileSync(join(tree, 'work', 'work', 'in', 'f'), '');
    chmodSync(join(tree, 'work', 'work'), 0);
    chmodSync(tree, 0o500);
    await removeTree(tree, ids);
    expect(existsSync(tree)).toBe(false);
  });

  it('is content with one that is not there', async () => {
    await expect(removeTree(join(base, 'none'), ids)).resolves.toBeUndefined();
  });

  it('takes links, not what they lead to', async () => {
    const kept = join(base, 'kept');
    mkdirSync(join(base, 'tree'));
    writeFileSync(kept, '');
    symlinkSync(base, join(base, 'tree', 'up'));
    symlinkSync(kept, join(base, 'link'));
    await removeTree(join(base, 'tree'), ids);
    await removeTree(join(base, 'link'), ids);
    expect([existsSync(kept), existsSync(join(base, 'tree')), existsSync(join(base, 'link'))]).toEqual([
      true,
      false,
      false,
    ]);
  });
});
