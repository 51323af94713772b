import { build } from 'esbuild';
import { readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';

const MOST_LINES = 3000;
const PACKAGES = ['valibot', 'vscode-jsonrpc'];

describe('what runs as root', () => {
  let inputs: readonly string[];
  let asked: readonly string[];
  beforeAll(async () => {
    const options = { bundle: true, platform: 'node', format: 'cjs', write: false, metafile: true } as const;
    const { metafile } = await build({ ...options, entryPoints: ['src/helper/main.ts'] });
    inputs = Object.keys(metafile.inputs);
    asked = Object.values(metafile.outputs).flatMap(({ imports }) => imports.map(({ path }) => path));
  });

  it('has no package in it but those for its messages', () => {
    const packages = inputs.map((file) => /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules\/)/.exec(file)?.[1]);
    expect([...new Set(packages.filter((name) => name !== undefined))].sort()).toEqual(PACKAGES);
  });

  it('loads nothing when it runs but what Node itself is, and so no native code', () => {
    expect(asked.filter((name) => !isBuiltin(name))).toEqual([]);
    expect(readFileSync('dist/helper.cjs', 'utf8')).not.toMatch(/koffi|\.node["']/);
  });

  it('is short enough to be read', () => {
    const files = readdirSync('src/helper').map((name) => readFileSync(join('src/helper', name), 'utf8'));
    expect(files.join('').split('\n').length).toBeLessThan(MOST_LINES);
  });
});
