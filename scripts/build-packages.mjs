// Bundles each package that is seldom needed into a file of its own, for all that load it late.
import { fileURLToPath, URL } from 'node:url';
import { build } from 'esbuild';

const SCRIPTS = fileURLToPath(new URL('.', import.meta.url));

/** What is used of them, by the name of the file. */
const PACKAGES = /** @type {const} */ ({
  execa: "export { execa } from 'execa';",
  'tar-stream': "export { extract, pack } from 'tar-stream';",
  'vscode-jsonrpc': "export { createMessageConnection, ResponseError } from 'vscode-jsonrpc/node';",
});

/** @typedef {keyof typeof PACKAGES} PackageName */

/**
 * @param {string} outdir
 * @param {import('esbuild').BuildOptions} common
 */
export function buildPackages(outdir, common) {
  return Promise.all(
    Object.entries(PACKAGES).map(([name, contents]) =>
      build({
        ...common,
        stdin: { contents, resolveDir: SCRIPTS },
        outfile: `${outdir}/${name}.cjs`,
        format: 'cjs',
      }),
    ),
  );
}

/**
 * Leaves these packages to their files.
 * @param {readonly PackageName[]} names
 * @returns {import('esbuild').Plugin}
 */
export function besidesPackages(names) {
  return {
    name: 'packages',
    setup(bundle) {
      bundle.onResolve({ filter: new RegExp(`^(${names.join('|')})(/node)?$`) }, ({ path }) => ({
        path: `./${path.replace('/node', '')}.cjs`,
        external: true,
      }));
    },
  };
}

/**
 * Of jsonc-parser only what is used: its formatter makes a thousand strings as soon as it is loaded.
 * @type {import('esbuild').Plugin}
 */
export const JSONC_PARTS = {
  name: 'jsonc-parts',
  setup(bundle) {
    bundle.onResolve({ filter: /^\.\/impl\// }, ({ path, resolveDir }) =>
      resolveDir.endsWith('jsonc-parser/lib/esm')
        ? { path: `${resolveDir}/${path}.js`, sideEffects: false }
        : undefined,
    );
  },
};
