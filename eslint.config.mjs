// @ts-check
import js from '@eslint/js';
import boundaries from 'eslint-plugin-boundaries';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** The rooms of src/, each with the rooms it may import (ARCHITECTURE.md draws them). */
const MAY_IMPORT = {
  model: [],
  protocol: ['model'],
  host: ['protocol', 'model'],
  state: ['host', 'protocol', 'model'],
  profile: ['host', 'protocol', 'model'],
  cgroup: ['host', 'protocol', 'model'],
  network: ['host', 'protocol', 'model'],
  discovery: ['cgroup', 'host', 'protocol', 'model'],
  elevation: ['cgroup', 'state', 'host', 'protocol', 'model'],
  script: ['host', 'protocol', 'model'],
  sandbox: ['script', 'elevation', 'discovery', 'network', 'cgroup', 'profile', 'state', 'host', 'protocol', 'model'],
  text: ['protocol', 'model'],
  picture: ['text', 'protocol', 'model'],
  helper: ['discovery', 'network', 'cgroup', 'host', 'protocol', 'model'],
  cli: ['text', 'sandbox', 'elevation', 'discovery', 'cgroup', 'profile', 'state', 'host', 'protocol', 'model'],
  server: ['text', 'profile', 'state', 'host', 'protocol', 'model'],
  ui: [
    'text',
    'sandbox',
    'elevation',
    'discovery',
    'network',
    'cgroup',
    'profile',
    'state',
    'host',
    'protocol',
    'model',
  ],
};
const rooms = Object.keys(MAY_IMPORT);

/** @param {string} type */
const elementOf = (type) => ({ element: { type } });

/** @param {readonly string[]} types */
const to = (types) => types.map((type) => ({ to: elementOf(type) }));

export default defineConfig(
  { ignores: ['dist/', 'out/', '.vscode-host/', 'test/fixtures/', '.vscode-test/'] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      eqeqeq: 'error',
    },
  },
  {
    files: ['src/**/*.ts'],
    plugins: { boundaries },
    settings: {
      'import/resolver': { node: { extensions: ['.ts'] } },
      'boundaries/elements': rooms.map((room) => ({ type: room, pattern: `src/${room}` })),
      'boundaries/files': [{ category: 'extension', pattern: 'src/extension.ts' }],
    },
    rules: {
      'boundaries/no-unknown-files': 'error',
      'boundaries/dependencies': [
        'error',
        {
          default: 'disallow',
          policies: [
            ...Object.entries(MAY_IMPORT).map(([room, others]) => ({
              from: elementOf(room),
              allow: to([room, ...others]),
            })),
            { from: { file: { categories: 'extension' } }, allow: to(['ui', 'model']) },
          ],
        },
      ],
      'max-lines': ['error', { max: 300, skipBlankLines: true }],
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/ui/**', 'src/extension.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { paths: [{ name: 'vscode', message: 'Only ui/ and extension.ts talk to VS Code.' }] },
      ],
    },
  },
  {
    files: ['test/vm/**/*.ts'],
    rules: {
      '@typescript-eslint/no-floating-promises': [
        'error',
        { allowForKnownSafeCalls: [{ from: 'package', package: 'node:test', name: ['describe', 'test'] }] },
      ],
    },
  },
  { files: ['**/*.mjs'], languageOptions: { globals: { process: 'readonly', console: 'readonly' } } },
);
