import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProblemError, type Problem } from '../../src/model/problem.ts';
import type { Profile } from '../../src/model/profile.ts';
import type { ProfileFile } from '../../src/profile/catalog.ts';
import type { ProfileContext } from '../../src/profile/expand.ts';
import { NAMESPACE_TYPES } from '../../src/model/namespace.ts';
import { loadProfiles, overrideProfile, problemsIn, resolveProfile } from '../../src/profile/load.ts';
import { sentence } from '../../src/text/problems.ts';
import { anyText } from './any-text.ts';

const FILE = '/ws/.vscode/sandboxes.json';
const CONTEXT: ProfileContext = { workspaceFolder: '/ws', env: { LANG: 'C.UTF-8', EMPTY: '' }, home: '/home/ada' };
const NO_FOLDER: ProfileContext = { ...CONTEXT, workspaceFolder: undefined };

const workspace = (text: string): ProfileFile => ({ file: FILE, text, source: 'workspace' });
const workspaceOf = (profiles: unknown) => workspace(JSON.stringify({ profiles }));
const userOf = (profiles: unknown): ProfileFile => ({
  file: 'settings',
  text: JSON.stringify({ profiles }),
  source: 'user',
});

function resolved(profiles: unknown, name: string, context = CONTEXT): Profile {
  return resolveProfile(loadProfiles([workspaceOf(profiles)]), name, context);
}

function problemsOf(act: () => unknown): readonly Problem[] {
  try {
    act();
  } catch (error) {
    if (error instanceof ProblemError) return error.problems;
    throw error;
  }
  return [];
}

const codesOf = (act: () => unknown) => problemsOf(act).map(({ code }) => code);

describe('built-in profiles', () => {
  const builtin = (name: string, context = CONTEXT) => resolveProfile(loadProfiles([]), name, context);

  it('are listed in order, each with its line for the picker', () => {
    const { summaries, problems } = loadProfiles([]);
    expect(summaries.map(({ name, source, place }) => [name, source, place])).toEqual(
      ['throwaway', 'project', 'agent', 'learn'].map((name) => [name, 'builtin', undefined]),
    );
    for (const { description } of summaries) expect(description).toMatch(/^\S[^\n]{10,110}$/);
    expect(problems).toEqual([]);
  });

  it('resolves throwaway with every key', () => {
    expect(builtin('throwaway')).toEqual({
      name: 'throwaway',
      source: 'builtin',
      description: expect.any(String) as string,
      hostname: 'throwaway',
      domainname: undefined,
      namespaces: Object.fromEntries(NAMESPACE_TYPES.map((type) => [type, { kind: 'new' }])),
      user: 'root',
      ids: 'auto',
      rootfs: { kind: 'host' },
      readOnly: false,
      workspace: 'ro',
      workspaceMissing: false,
      home: 'empty',
      tools: [],
      mounts: [],
      maskedPaths: [],
      readOnlyPaths: [],
      network: { mode: 'none', publish: [], hostPorts: [] },
      lab: undefined,
      limits: { mode: 'best-effort', 'memory.max': 4 * 1024 ** 3, 'pids.max': 1024, 'cpu.max': undefined },
      rlimits: {},
      capabilities: { base: 'default', add: [], drop: [] },
      noNewPrivileges: true,
      seccomp: { kind: 'default' },
      landlock: undefined,
      time: { boottime: 0, monotonic: 0 },
      env: {},
      envPass: [],
      cwd: undefined,
      shell: undefined,
      command: undefined,
      init: [],
      lifetime: 'terminal',
    });
  });

  it('differ from it as they say', () => {
    expect(builtin('project')).toMatchObject({
      workspace: 'rw',
      home: 'empty',
      network: { mode: 'internet', publish: [], hostPorts: [] },
      lifetime: 'window',
    });
    expect(builtin('agent')).toMatchObject({
      workspace: 'rw',
      home: 'kept',
      network: { mode: 'internet' },
      limits: { mode: 'best-effort' },
    });
    expect(builtin('agent').tools).toContain('/home/ada/.cargo/bin');
    expect(builtin('learn')).toMatchObject({ workspace: 'none', capabilities: { base: 'all' } });
    expect(builtin('learn').limits).toMatchObject({ 'memory.max': undefined, 'pids.max': undefined });
  });

  it('bind no folder that holds credentials', () => {
    for (const tool of builtin('agent').tools) expect(tool).toMatch(/\/bin$|\/\.nvm$|\/\.rustup$/);
  });

  it('have no workspace without an open folder, and say where they lack it', () => {
    for (const name of ['throwaway', 'project', 'agent'])
      expect(builtin(name, NO_FOLDER)).toMatchObject({ workspace: 'none', workspaceMissing: true });
    expect(builtin('learn', NO_FOLDER)).toMatchObject({ workspace: 'none', workspaceMissing: false });
    expect(builtin('project')).toMatchObject({ workspace: 'rw', workspaceMissing: false });
  });
});

describe('extending', () => {
  it('is of throwaway unless said otherwise', () => {
    expect(resolved({ mine: {} }, 'mine')).toMatchObject({ workspace: 'ro', description: 'Extends throwaway' });
  });

  it('merges limits, env and time by key, and replaces lists', () => {
    const profiles = {
      base: {
        limits: { 'memory.max': '1G', 'cpu.max': '150%' },
        env: { A: 'base', B: 'base' },
        time: { boottime: 10 },
        tools: ['/opt/a'],
      },
      top: {
        extends: 'base',
        limits: { 'memory.max': '64M' },
        env: { B: 'top' },
        time: { monotonic: 5 },
        tools: ['/opt/b'],
      },
    };
    expect(resolved(profiles, 'top')).toMatchObject({
      limits: { 'memory.max': 64 * 1024 ** 2, 'pids.max': 1024, 'cpu.max': { quota: 150_000, period: 100_000 } },
      env: { A: 'base', B: 'top' },
      time: { boottime: 10, monotonic: 5 },
      tools: ['/opt/b'],
    });
  });

  it('makes limits strict where a profile sets one, and takes a best effort only where it stands beside', () => {
    const mode = (limits: unknown) => resolved({ mine: { limits } }, 'mine').limits.mode;
    expect(mode({ 'pids.max': 5 })).toBe('strict');
    expect(mode({ 'pids.max': 5, mode: 'best-effort' })).toBe('best-effort');
    expect(mode({})).toBe('best-effort');
  });

  it('takes a limit away with max', () => {
    expect(resolved({ mine: { limits: { 'memory.max': 'max' } } }, 'mine').limits['memory.max']).toBeUndefined();
  });

  it('finds circles, with the place of each', () => {
    const loaded = loadProfiles([workspaceOf({ a: { extends: 'b' }, b: { extends: 'a' }, c: { extends: 'c' } })]);
    expect(loaded.problems.map(({ code, args, place }) => [code, args, place?.column])).toEqual([
      ['extendsCycle', { chain: ['a', 'b', 'a'] }, 29],
      ['extendsCycle', { chain: ['b', 'a', 'b'] }, 49],
      ['extendsCycle', { chain: ['c', 'c'] }, 69],
    ]);
    expect(codesOf(() => resolveProfile(loaded, 'a', CONTEXT))).toContain('extendsCycle');
  });

  it('says which profiles there are', () => {
    const problems = problemsOf(() => resolved({ a: { extends: 'nobody' } }, 'a'));
    expect(problems).toMatchObject([
      { code: 'unknownProfile', args: { name: 'nobody', known: ['throwaway', 'project', 'agent', 'learn'] } },
    ]);
    expect(codesOf(() => resolveProfile(loadProfiles([]), 'nobody', CONTEXT))).toEqual(['unknownProfile']);
  });
});

describe('profiles of one name', () => {
  it("lets a workspace replace and extend the user's", () => {
    const user = userOf({ review: { network: 'host', description: 'mine' } });
    const loaded = loadProfiles([workspaceOf({ review: { extends: 'review', home: 'kept' } }), user]);
    expect(loaded.summaries.filter(({ name }) => name === 'review')).toHaveLength(1);
    expect(resolveProfile(loaded, 'review', CONTEXT)).toMatchObject({
      source: 'workspace',
      network: { mode: 'host' },
      home: 'kept',
    });
  });

  it("does not let a workspace change what the user's profiles extend", () => {
    const user = userOf({ base: { network: 'none' }, mine: { extends: 'base' } });
    const loaded = loadProfiles([user, workspaceOf({ base: { network: 'host' } })]);
    expect(resolveProfile(loaded, 'mine', CONTEXT).network.mode).toBe('none');
  });

  it('lets the user replace a built-in one, and refuses it to a workspace', () => {
    const loaded = loadProfiles([
      userOf({ throwaway: { limits: { 'memory.max': '1G' } } }),
      workspaceOf({ throwaway: { network: 'host' } }),
    ]);
    expect(resolveProfile(loaded, 'throwaway', CONTEXT)).toMatchObject({
      source: 'user',
      network: { mode: 'none' },
      limits: { 'memory.max': 1024 ** 3 },
    });
    expect(loaded.problems).toMatchObject([
      { code: 'builtinProtected', args: { name: 'throwaway' }, place: { file: FILE, line: 1, column: 14 } },
    ]);
  });
});

describe('values', () => {
  it('expands variables, ~ and relative paths', () => {
    const profile = resolved(
      {
        p: {
          rootfs: './rootfs.tar.gz',
          tools: ['~', '~/bin', '/opt/../usr/local'],
          mounts: [
            { bind: '${workspaceFolder}/data', to: '/data', readOnly: true },
            { bind: 'x', to: '/x' },
          ],
          env: { LANG: '${env:LANG}', EMPTY: '${env:EMPTY}', PRICE: '5$' },
          cwd: '${workspaceFolder}/src',
          shell: '/bin/zsh',
        },
      },
      'p',
    );
    expect(profile).toMatchObject({
      rootfs: { kind: 'tar', path: '/ws/rootfs.tar.gz', sha256: undefined },
      tools: ['/home/ada', '/home/ada/bin', '/usr/local'],
      mounts: [
        { kind: 'bind', bind: '/ws/data', to: '/data', readOnly: true },
        { kind: 'bind', bind: '/ws/x', to: '/x', readOnly: false },
      ],
      env: { LANG: 'C.UTF-8', EMPTY: '', PRICE: '5$' },
      cwd: '/ws/src',
      shell: '/bin/zsh',
    });
  });

  it.each([
    ['host', { kind: 'host' }],
    ['/srv/alpine', { kind: 'directory', path: '/srv/alpine' }],
    ['./host', { kind: 'directory', path: '/ws/host' }],
    ['a.tar', { kind: 'tar', path: '/ws/a.tar' }],
    ['a.tgz', { kind: 'tar', path: '/ws/a.tgz' }],
    ['a.tar.xz', { kind: 'tar', path: '/ws/a.tar.xz' }],
    [
      { tar: 'a.bin', sha256: 'AB'.repeat(32) },
      { kind: 'tar', path: '/ws/a.bin', sha256: 'ab'.repeat(32) },
    ],
  ])('reads the root file system %j', (rootfs, expected) => {
    expect(resolved({ p: { rootfs } }, 'p').rootfs).toMatchObject(expected);
  });

  it('reports every unknown variable at its place, and none of a value that is replaced', () => {
    const profiles = {
      base: { rootfs: '${env:NOBODY}' },
      p: { extends: 'base', rootfs: 'host', tools: ['${env:A}', '${nonsense}'], env: { X: '${env:B}${env:C}' } },
    };
    const problems = problemsOf(() => resolved(profiles, 'p'));
    expect(problems.map(({ args }) => args)).toEqual(
      ['env:A', 'nonsense', 'env:B', 'env:C'].map((variable) => ({ variable })),
    );
    expect(problems.every(({ place }) => place?.line === 1)).toBe(true);
  });

  it('needs a folder for a workspace that a file asks for, and for relative paths', () => {
    const codes = (profile: unknown) => codesOf(() => resolved({ p: profile }, 'p', NO_FOLDER));
    expect(codes({ workspace: 'ro' })).toEqual(['workspaceNeeded']);
    expect(codes({ extends: 'project' })).toEqual([]);
    expect(codes({ tools: ['bin'] })).toEqual(['wrongValue']);
    expect(codes({ cwd: '${workspaceFolder}' })).toEqual(['unknownVariable']);
  });

  it('does not take an empty variable for the workspace folder', () => {
    expect(codesOf(() => resolved({ p: { rootfs: '${env:EMPTY}' } }, 'p'))).toEqual(['wrongValue']);
  });

  it.each([
    ['x', 'x'],
    ['my.profile_1', 'my-profile-1'],
    ['a-', 'a'],
    ['a'.repeat(64), 'a'.repeat(63)],
  ])('makes a host name of the name %j', (name, hostname) => {
    expect(resolved({ [name]: {} }, name).hostname).toBe(hostname);
  });
});

describe('a file with mistakes', () => {
  const terrible = readFileSync(new URL('golden/terrible.jsonc', import.meta.url), 'utf8');

  it('gets all of them at once, in their order', async () => {
    const { problems } = loadProfiles([{ file: 'sandboxes.json', text: terrible, source: 'workspace' }]);
    await expect(`${problems.map(sentence).join('\n')}\n`).toMatchFileSnapshot('golden/terrible.txt');
  });

  it('says of a profile what hits it, and leaves the others', () => {
    const loaded = loadProfiles([workspaceOf({ good: {}, bad: { nonsense: 1, tools: ['${env:NOBODY}'] } })]);
    expect(resolveProfile(loaded, 'good', CONTEXT).name).toBe('good');
    expect(codesOf(() => resolveProfile(loaded, 'bad', CONTEXT))).toEqual(['unknownKey', 'unknownVariable']);
  });

  it('gives no profile of a text that is not well-formed', () => {
    const loaded = loadProfiles([workspace('{ "profiles": { "a": { "workspace": "none" } ')]);
    expect(codesOf(() => resolveProfile(loaded, 'a', CONTEXT))).toContain('profileFileSyntax');
    expect(codesOf(() => resolveProfile(loaded, 'b', CONTEXT))).toEqual([
      'unknownProfile',
      'profileFileSyntax',
      'profileFileSyntax',
    ]);
  });

  it.each(['', ' \n', '// nothing yet\n', '{}', '\uFEFF{}', '{ "profiles": {}, }'])(
    'takes %j as no profiles',
    (text) => {
      expect(loadProfiles([workspace(text)])).toMatchObject({ problems: [], summaries: { length: 4 } });
    },
  );

  it.each(['[]', 'null', '"x"', '{ "profiles": [] }', '{ "profiles": [{}] }', '{ "profiles": { "a": [] } }'])(
    'does not take %j',
    (text) => {
      expect(loadProfiles([workspace(text)]).problems).toMatchObject([{ code: 'wrongValue' }]);
    },
  );

  it('counts lines and columns as an editor does', () => {
    const text = '\uFEFF{\r\n  // ü\r\n  "profiles": { "p": { "workspace": "x" } }\r\n}';
    expect(loadProfiles([workspace(text)]).problems[0]?.place).toEqual({ file: FILE, line: 3, column: 37 });
  });

  it('does not lose its way in deep nesting', () => {
    const { problems } = loadProfiles([workspace('['.repeat(200_000))]);
    expect(problems).toMatchObject([{ code: 'nestedTooDeep', place: { line: 1, column: 101 } }]);
  });

  it('places what is wrong with a key that is there twice at the one that counts', () => {
    const { problems } = loadProfiles([workspace('{ "profiles": { "p": { "home": "kept", "home": 5 } } }')]);
    expect(problems.map(({ code, place }) => [code, place?.column])).toEqual([
      ['duplicateKey', 40],
      ['wrongValue', 48],
    ]);
  });
});

describe('problems in one file', () => {
  const problems = (...files: ProfileFile[]) =>
    problemsIn(FILE, loadProfiles(files), CONTEXT).map(({ code, place }) => [code, place?.column]);

  it('are also those that show only where a profile is used, each once', () => {
    const profiles = { base: { rootfs: '${env:NOBODY}', nonsense: 1 }, heir: { extends: 'base' } };
    expect(problems(workspaceOf(profiles))).toEqual([
      ['unknownKey', 47],
      ['unknownVariable', 31],
    ]);
  });

  it('are not those of other files', () => {
    const other = { ...workspaceOf({ a: { cwd: '${b}' }, c: { nonsense: 1 } }), file: '/other' };
    expect(problems(userOf({ mine: { cwd: '${b}' } }), other, workspaceOf({ d: { extends: 'a' } }))).toEqual([]);
  });
});

describe('any text', () => {
  it('is read without throwing, with places that are in it', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const loaded = loadProfiles([workspace(text)]);
        const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/);
        for (const { place } of [...loaded.problems, ...loaded.summaries]) {
          if (place) expect(place.column).toBeLessThanOrEqual((lines[place.line - 1] ?? '').length + 1);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('resolves, or says why not, for every profile in it', () => {
    fc.assert(
      fc.property(anyText, fc.constantFrom(CONTEXT, NO_FOLDER), (text, context) => {
        const loaded = loadProfiles([workspace(text)]);
        for (const { name } of loaded.summaries) {
          for (const problem of problemsOf(() => resolveProfile(loaded, name, context))) {
            expect(sentence(problem)).not.toMatch(/undefined|\[object/);
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('overrides', () => {
  const profile = resolveProfile(loadProfiles([]), 'throwaway', CONTEXT);

  it('leave a profile alone that has none', () => {
    expect(overrideProfile(profile, {})).toEqual(profile);
  });

  it('take a root file system', () => {
    expect(overrideProfile(profile, { rootfs: '/srv/a.tar' }).rootfs).toMatchObject({
      kind: 'tar',
      path: '/srv/a.tar',
    });
    expect(overrideProfile(profile, { rootfs: 'host' }).rootfs).toEqual({ kind: 'host' });
  });

  it('take limits, and mean them', () => {
    expect(overrideProfile(profile, { limits: ['memory.max=64M', 'cpu.max=50%', 'pids.max=max'] }).limits).toEqual({
      mode: 'strict',
      'memory.max': 64 * 1024 ** 2,
      'pids.max': undefined,
      'cpu.max': { quota: 50_000, period: 100_000 },
    });
  });

  it('say all that is wrong with them', () => {
    const limits = ['memory.max', 'memory.lower=1M', 'memory.max=-1', '=', 'pids.max=12 parsecs'];
    expect(codesOf(() => overrideProfile(profile, { limits }))).toEqual([
      'wrongValue',
      'unknownKey',
      'wrongValue',
      'unknownKey',
      'wrongValue',
    ]);
  });
});
