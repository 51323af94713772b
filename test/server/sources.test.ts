import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { profilesFile } from '../../src/profile/files.ts';
import { filesBeside } from '../../src/server/sources.ts';

describe('the files beside a document', () => {
  const base = mkdtempSync(join(tmpdir(), 'sources-test-'));
  const [first, second, empty] = ['first', 'second folder', 'empty'].map((name) => join(base, name)) as [
    string,
    string,
    string,
  ];
  const uri = (path: string) => pathToFileURL(path).href;
  const pathsOf = (file: string, open = new Map<string, string>()) =>
    filesBeside(file, { setting: undefined, folders: [first, empty, second].map(uri), open }).map(
      (one) => [one.source, one.file, one.text] as const,
    );
  const user = ['user', 'namespaceSandboxes.profiles', '{"profiles":{}}'] as const;

  beforeAll(() => {
    for (const folder of [first, second]) {
      mkdirSync(dirname(profilesFile(folder)), { recursive: true });
      writeFileSync(profilesFile(folder), '{}');
    }
  });
  afterAll(() => rmSync(base, { recursive: true }));

  it('are those of all folders in their order, as far as they are there, as the editor has them', () => {
    const open = new Map([[uri(profilesFile(second)), '{ /* open */ }']]);
    expect(pathsOf(profilesFile(first), open)).toEqual([
      user,
      ['workspace', profilesFile(first), '{}'],
      ['workspace', profilesFile(second), '{ /* open */ }'],
    ]);
  });

  it('are only the settings for a document of no folder', () => {
    const elsewhere = profilesFile(join(base, 'elsewhere'));
    expect(pathsOf(elsewhere, new Map([[uri(elsewhere), '{}']]))).toEqual([user, ['workspace', elsewhere, '{}']]);
  });
});
