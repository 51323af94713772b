import { build, type Metafile } from 'esbuild';
import { expect, it } from 'vitest';

it('activation loads no engine room, no package and no command', async () => {
  const { metafile } = await build({
    entryPoints: ['src/extension.ts'],
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    packages: 'external',
    external: ['vscode'],
    logLevel: 'silent',
    loader: { '.pl': 'text' },
  });
  const loaded = [...loadedAtOnce(metafile, 'src/extension.ts')];
  const rooms = new Set(loaded.map((file) => file.split('/').slice(0, 2).join('/')));
  expect([...rooms].sort()).toEqual([
    'src/cgroup',
    'src/extension.ts',
    'src/model',
    'src/protocol',
    'src/text',
    'src/ui',
  ]);
  expect(loaded.filter((file) => file.startsWith('src/cgroup/'))).toEqual(['src/cgroup/readings.ts']);
  expect(loaded.filter((file) => file.startsWith('src/protocol/'))).toEqual(['src/protocol/language-server.ts']);
  expect(packagesOf(metafile, loaded)).toEqual(['vscode']);
});

/** Files that are evaluated without an `import()`. */
function loadedAtOnce({ inputs }: Metafile, file: string, found = new Set<string>()): Set<string> {
  if (found.has(file)) return found;
  found.add(file);
  for (const { path, kind, external } of inputs[file]?.imports ?? []) {
    if (kind === 'import-statement' && !external) loadedAtOnce({ inputs, outputs: {} }, path, found);
  }
  return found;
}

function packagesOf({ inputs }: Metafile, files: readonly string[]): readonly string[] {
  const imports = files.flatMap((file) => inputs[file]?.imports ?? []);
  const outside = imports
    .filter(({ external, kind }) => external && kind === 'import-statement')
    .map(({ path }) => path);
  return [...new Set(outside.filter((path) => !path.startsWith('node:')))];
}
