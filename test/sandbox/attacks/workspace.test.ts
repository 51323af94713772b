import { execa } from 'execa';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { findProgram } from '../../../src/host/programs.ts';
import { shellWord } from '../../../src/sandbox/script/quote.ts';
import { instead, surroundings, unsharedIn } from '../../support/surroundings.ts';
import { CLI, makeCaller, outside, writeProfiles, type Caller, type Finished } from '../../support/unshared.ts';

const CLOSED = /Read-only|busy|denied|not permitted|cross-device|not mounted|wrong fs type/;
/** What python3 does in a mount namespace of its own: goes to another root, detaches the old one, and renames what was mounted on. */
const DETACH = `import ctypes, os
libc = ctypes.CDLL(None)
os.makedirs('/tmp/n/old'); here = os.open('.', os.O_RDONLY)
libc.mount(b't', b'/tmp/n', b'tmpfs', 0, None); os.mkdir('/tmp/n/old')
libc.syscall({'x86_64': 155, 'aarch64': 41}[os.uname().machine], b'/tmp/n', b'/tmp/n/old')
libc.umount2(b'/old', 2); os.fchdir(here); os.rename('.git', 'moved'); os.makedirs('.git/hooks'); print('moved')`;

const SUBMODULE =
  'printf "[submodule \\"libs/one\\"]\\n\\tpath = vendor/one\\n" >.gitmodules; mkdir -p .git/modules/libs/one vendor/one; cd .git/modules/libs/one; echo x >HEAD; printf "[core]\\n\\tworktree = ../../../../vendor/one\\n" >config; cd ../../../..; echo "gitdir: ../../.git/modules/libs/one" >vendor/one/.git';

const hasGit = findProgram('git') !== undefined;

describe.skipIf(process.getuid?.() !== 0)('while a sandbox starts in a writable workspace (needs root)', () => {
  /** After the plan was made, and before anything is mounted. */
  const SWAP = 'mv "$W/x/u" "$W/x/v"; ln -s ../../secrets "$W/x/u"; touch "$W/swapped"';

  it.each([
    ['what git is led to', '[core] hooksPath = x/u/.cache', {}],
    ['what the profile closes', '', { readOnlyPaths: ['${workspaceFolder}/x/u/.cache'] }],
    ['what the profile masks', '', { maskedPaths: ['${workspaceFolder}/x/u/.cache'] }],
  ])('nothing else can be put in the place of %s', async (_, config, settings) => {
    const caller = makeCaller('user');
    onTestFinished(() => caller.remove());
    await outside(
      caller,
      `mkdir -p .git x/u/.cache ../secrets/.cache; echo key >../secrets/id; echo '${config}' >.git/config`,
    );
    await writeProfiles(caller, { open: { extends: 'project', network: 'none', ...settings } });
    const swapped = await surroundings(instead('perl', `W='${caller.workspace}'\n${SWAP}\nexec "$REAL" "$@"`));
    onTestFinished(() => swapped.end());
    const command = ['--', 'sh', '-c', 'cat x/u/id; echo started'];
    const args = ['run', '--workspace', caller.workspace, '--profile', 'open', ...command];
    const { stdout, stderr } = await unsharedIn(caller, swapped.inside, args);
    expect(existsSync(join(caller.workspace, 'swapped'))).toBe(true);
    expect(stdout, stderr).toBe('');
    expect(stderr).toMatch(/\/x\/u\S* cannot be shown: .* is a symbolic link/);
  });
});

describe('from a writable workspace', () => {
  let caller: Caller;
  beforeEach(async () => {
    caller = makeCaller('user');
    await outside(caller, 'mkdir -p .git/hooks .git/refs .git/objects; echo "[core]" >.git/config; echo code >main.c');
  });
  afterEach(() => caller.remove());

  function inside(line: string): Promise<Finished> {
    return caller.unshared(['run', '--profile', 'project', '--network', 'none', '--', 'sh', '-c', line]);
  }

  /** Begins a sandbox that runs a line of sh once it reads one. */
  async function begin(line: string) {
    const command = [
      'run',
      '--profile',
      'project',
      '--network',
      'none',
      '--',
      'sh',
      '-c',
      `echo ready; read -r _; ${line}`,
    ];
    const [file = '', ...args] = caller.asCaller([process.execPath, CLI, ...command]);
    const child = execa(file, args, { cwd: caller.workspace, env: caller.env, extendEnv: false, reject: false });
    await once(child.stdout, 'data');
    return {
      goOn: async () => {
        child.stdin.end('\n');
        return (await child).stdout;
      },
    };
  }

  it.each([
    'echo ../evil >.git/commondir',
    'mv .git/commondir .git/other',
    'echo "[core]" >.git/config.worktree',
    'rm .git/hooks; mv .git/hooks .git/other',
    'mv .git .other',
    'ln .git/config copy',
    'ln -f main.c .git/config',
    'ln -sf ../main.c .git/config',
    'mv main.c .envrc',
    'rm -r .vscode',
    'mount --bind .git .vscode',
    'unshare -Ur --mount umount .vscode',
    'unshare -Ur --mount mount -o remount,rw,bind .vscode',
    'unshare -Ur --mount mount --bind . /tmp',
    'echo x >/proc/self/cwd/.vscode/tasks.json',
  ])('nothing that runs outside can be changed: %s', async (line) => {
    const { stdout, stderr } = await inside(`${line} && echo done`);
    expect(stdout, stderr).toBe('');
    expect(stderr).toMatch(CLOSED);
  });

  it.each([
    ['without a filter', { seccomp: 'off' }],
    ['with a filter that lets them be made', { capabilities: 'all', user: 1234 }],
  ])('nothing is renamed in a user namespace inside, %s', async (_, settings) => {
    await writeProfiles(caller, { open: { extends: 'project', network: 'none', ...settings } });
    const detach = `unshare --user --map-root-user --mount python3 -c ${shellWord(DETACH)}`;
    const { stdout, stderr } = await caller.unshared(['run', '--profile', 'open', '--', 'sh', '-c', detach]);
    expect(stdout, stderr).toBe('');
    expect(stderr).toMatch(/unshare failed: No space left on device/);
    expect(existsSync(join(caller.workspace, 'moved'))).toBe(false);
  });

  it('other working trees of its repository keep theirs', async () => {
    await outside(caller, 'mkdir -p .git/worktrees/other; echo ../.. >.git/worktrees/other/commondir');
    for (const line of ['echo /x >.git/worktrees/other/commondir', 'mv .git/worktrees .git/moved']) {
      const { stdout, stderr } = await inside(`${line} && echo done`);
      expect(stdout, stderr).toBe('');
    }
  });

  it.each([
    ['a repository whose folder has another name', 'mv .git .bare; echo "gitdir: ./.bare" >.git', '.bare/config'],
    [
      'a working tree in the same workspace',
      'mv .git .bare; mkdir -p .bare/worktrees/w; echo ../.. >.bare/worktrees/w/commondir; echo "gitdir: .bare/worktrees/w" >.git',
      '.bare/worktrees/w/commondir',
    ],
    [
      'hooks in the tree',
      'mkdir -p tools/hooks; printf "[core]\\n\\thooksPath = tools/hooks\\n" >>.git/config',
      'tools/hooks/pre-commit',
    ],
    ['hooks that are still to be made', 'printf "[core]\\n\\thooksPath = a/b\\n" >>.git/config', 'a/b/pre-commit'],
    ['hooks of husky', 'mkdir .husky', '.husky/pre-commit'],
    ['a configuration in the tree', 'printf "[include] path = ../own.conf\\n" >>.git/config', 'own.conf'],
    [
      'hooks that such a configuration names',
      'printf "[include] path = ../own.conf\\n" >>.git/config; printf "[include]\\npath = more.conf\\n" >own.conf; printf "[core] hooksPath = a/b\\n[include] path = own.conf\\n" >more.conf',
      'a/b/pre-commit',
    ],
    ['hooks of one working tree', 'printf "[core] hooksPath = tools\\n" >.git/config.worktree', 'tools/pre-commit'],
    [
      'hooks of all repositories of the user',
      'printf "[core] hooksPath = .githooks\\n" >~/.gitconfig',
      '.githooks/pre-commit',
    ],
    ['the configuration of the user', 'echo "[core]" >dots; ln -s "$PWD/dots" ~/.gitconfig', 'dots'],
    ['the configuration of the user that is still to come', 'ln -s "$PWD/dots" ~/.gitconfig', 'dots'],
    [
      'hooks by a link outside to a folder that is still to come',
      'ln -s way/in ~/link; ln -s "$PWD" ~/way; printf "[core] hooksPath = ~/link/hooks\\n" >>.git/config',
      'in/hooks/pre-commit',
    ],
    [
      'hooks of a repository that lies elsewhere',
      'mv .git ~/.bare; printf "[core] hooksPath = tools\\n" >>~/.bare/config; echo "gitdir: $HOME/.bare" >.git',
      'tools/pre-commit',
    ],
    ['the folder of a submodule', SUBMODULE, '.git/modules/libs/one/hooks/pre-commit'],
    ['the configuration of a submodule', SUBMODULE, '.git/modules/libs/one/config'],
    ['the file that leads to a submodule', SUBMODULE, 'vendor/one/.git'],
    [
      'a submodule that another folder hides',
      `${SUBMODULE}; echo x >.git/modules/libs/HEAD`,
      '.git/modules/libs/one/config',
    ],
    [
      'a submodule that has lost its HEAD',
      `${SUBMODULE}; rm .git/modules/libs/one/HEAD`,
      '.git/modules/libs/one/config',
    ],
    [
      'the file that leads to a submodule which git has told its place anew',
      `${SUBMODULE}; mv .git/modules/libs/one/config .git/modules/libs/one/config.worktree; printf '[submodule "libs/one"]\\nurl = x\\n' >.gitmodules`,
      'vendor/one/.git',
    ],
    [
      'the folder of a submodule that is still to come',
      `${SUBMODULE}; rm -r .git/modules`,
      '.git/modules/libs/one/hooks/x',
    ],
    ['the place of a submodule that is still to come', `${SUBMODULE}; rm vendor/one/.git`, 'vendor/one/.git/config'],
    [
      'a submodule that is a repository of its own',
      `${SUBMODULE}; rm vendor/one/.git; mv .git/modules/libs/one vendor/one/.git`,
      'vendor/one/.git/config',
    ],
    [
      'a value in quotes',
      'printf "[core] hooksPath = \\"to ols#1\\" ; here\\n" >>.git/config; mkdir "to ols#1"; ln -s "to ols#1" .git/t',
      '"to ols#1"/pre-commit',
    ],
    ['a value on two lines', String.raw`printf '[core] hooksPath = to\\\nols\n' >>.git/config`, 'tools/pre-commit'],
    [
      'a value that ends in a blank of Unicode',
      String.raw`printf '[core] hooksPath = tools\302\240\n' >>.git/config`,
      'tools\u00A0/pre-commit',
    ],
    [
      'a value with a tab, which git before 2.45 takes for a space',
      String.raw`printf '[core] hooksPath = a\tb\n' >>.git/config`,
      '"a b"/pre-commit',
    ],
    [
      'a value with a tab, which a later one keeps',
      String.raw`printf '[core] hooksPath = a\tb\n' >>.git/config`,
      '"a\tb"/pre-commit',
    ],
    [
      'a submodule at a path with a tab',
      String.raw`printf '[submodule "s"]\npath = a\tb\n' >.gitmodules; mkdir 'a b'`,
      '"a b"/.git',
    ],
    [
      'a repository whose name ends in a blank',
      'mv .git ".bare "; mkdir .bare; echo "gitdir: .bare " >.git',
      '".bare "/config',
    ],
    [
      'a repository by a link outside',
      'mv .git .bare; ln -s "$PWD" ~/way; echo "gitdir: $HOME/way/.bare" >.git',
      '.bare/config',
    ],
    ['the folder itself, as a repository', 'mkdir objects; echo "ref: refs/heads/main" >HEAD', 'refs/heads/main'],
    [
      'the folder itself, which is a repository',
      'mv .git/* .; rmdir .git; echo "ref: refs/heads/main" >HEAD',
      'config',
    ],
    [
      'the folder of a submodule of a submodule',
      `${SUBMODULE}; cd .git/modules/libs/one; mkdir -p modules/two; echo x >modules/two/HEAD; printf '[submodule "two"]\\nurl = x\\n' >>config`,
      '.git/modules/libs/one/modules/two/config',
    ],
  ])('%s is closed as well', async (_, prepare, path) => {
    await outside(caller, prepare);
    const way = path.split('/').map((__, index, parts) => parts.slice(0, index + 1).join('/'));
    const moves = way.map((part) => `mv ${part} ${part}.moved && echo moved`).join('; ');
    const { stdout, stderr } = await inside(
      `mkdir -p ${join(path, '..')}; echo x >${path} && echo done; ${moves}; echo x >fresh; cat fresh`,
    );
    expect(stdout, stderr).toBe('x');
    expect(stderr).toMatch(CLOSED);
  });

  it.each([
    ['.git is a link', 'mv .git away; ln -s away .git', '.git'],
    ['.git is a link to nowhere', 'rm -r .git; ln -s nowhere .git', '.git'],
    ['hooks lie behind a link', 'ln -s .git way; printf "[core]\\n\\thooksPath = way/hooks\\n" >>.git/config', 'way'],
    ['git is led to what is not there', 'rm -r .git; echo "gitdir: later" >.git', 'later'],
    ['a configuration has no end', 'truncate -s 1T .git/config', '.git/config'],
    ['a submodule lies below a file', `${SUBMODULE}; rm -r vendor; echo x >vendor`, 'vendor/one/.git'],
    [
      'a submodule has thousands of paths',
      '{ echo "[submodule \\"s\\"]"; seq -f "path = s%.0f" 3000; } >.gitmodules',
      '',
    ],
    ['a folder of submodules is closed', `${SUBMODULE}; chmod 0 .git/modules/libs`, '.git/modules/libs'],
  ])('no sandbox starts where %s', async (_, prepare, path) => {
    await outside(caller, prepare);
    const { exitCode, stderr } = await inside('true');
    expect(exitCode).toBe(125);
    expect(stderr).toContain(`Nothing can be mounted on ${join(caller.workspace, path)}`);
  });

  it.each([
    ['hooks', String.raw`printf '[core] hooksPath = tools\377\n' >>.git/config`, 'tools\\xFF'],
    [
      'hooks, written in UTF-8 for the rest',
      String.raw`printf '[core] hooksPath = "\303\251\377/a"\n' >>.git/config`,
      'é\\xFF/a',
    ],
    ['hooks of all repositories', String.raw`printf '[core] hooksPath = tools\377\n' >~/.gitconfig`, 'tools\\xFF'],
    ['an included file', String.raw`printf '[include] path = ../own\377\n' >>.git/config`, 'own\\xFF'],
    [
      'a file included on a condition',
      String.raw`printf '[includeIf "onbranch:x"] path = ../\300\200\n' >>.git/config`,
      '\\xC0\\x80',
    ],
    ['the folder of the repository', String.raw`mv .git "$(printf 'r\377')"; printf 'gitdir: r\377\n' >.git`, 'r\\xFF'],
    ['the folder of its working trees', String.raw`printf '../r\377\n' >.git/commondir`, 'r\\xFF'],
    ['a submodule', String.raw`printf '[submodule "s\377"]\nurl = x\n' >>.git/config`, '.git/modules/s\\xFF'],
    ['the place of a submodule', String.raw`printf '[submodule "s"]\npath = s\377\n' >.gitmodules`, 's\\xFF'],
    [
      'the place that a submodule itself names',
      String.raw`${SUBMODULE}; printf '[submodule "libs/one"]\nurl = x\n' >.gitmodules; printf '[core] worktree = s\377\n' >.git/modules/libs/one/config`,
      '.git/modules/libs/one/s\\xFF',
    ],
    [
      'hooks, behind a link outside',
      String.raw`mkdir "$(printf 'r\377')"; ln -s "$PWD/$(printf 'r\377')" ~/way; printf '[core] hooksPath = ~/way/hooks\n' >>.git/config`,
      'r\\xFF',
    ],
    ['a file that opens the workspace', String.raw`: >"$(printf 'x\377.code-workspace')"`, 'x\\xFF.code-workspace'],
  ])('no sandbox starts where the name of %s is not UTF-8, and nothing is left', async (_, prepare, shown) => {
    await outside(caller, prepare);
    const all = 'find . -ls | sort | od -c';
    const before = await outside(caller, all);
    const { exitCode, stderr } = await inside('true');
    expect(exitCode, stderr).toBe(125);
    const sentence = 'its name is not UTF-8, so it cannot be closed.';
    expect(stderr).toContain(`Nothing can be mounted on ${join(caller.workspace, shown)}: ${sentence}`);
    expect(await outside(caller, all)).toBe(before);
  });

  it('no sandbox starts where the folder of the user’s configuration is in the workspace under such a name', async () => {
    const [file = '', ...words] = caller.asCaller(['sh', '-c']);
    const line = String.raw`export XDG_CONFIG_HOME="$PWD/$(printf 'x\377')"; exec "$@"`;
    const command = [process.execPath, CLI, 'run', '--profile', 'project', '--network', 'none', '--', 'true'];
    const options = { cwd: caller.workspace, env: caller.env, extendEnv: false, reject: false };
    const { exitCode, stderr } = await execa(file, [...words, line, 'sh', ...command], options);
    expect(exitCode, stderr).toBe(125);
    expect(stderr).toContain(`Nothing can be mounted on ${caller.workspace}/x`);
  });

  it('links that lead to each other are in nobody’s way', async () => {
    await outside(caller, 'ln -s b/b/b ~/a; ln -s a/a/a ~/b; printf "[core] hooksPath = ~/a/a/hooks\\n" >>.git/config');
    expect((await inside('echo started')).stdout).toBe('started');
  });

  it('a name that is not UTF-8 and names nothing in the workspace is in nobody’s way', async () => {
    const names = String.raw`printf '[user] name = Jos\351\n[includeIf "gitdir:/home/jos\351"] path = more\n' >>.git/config`;
    const link = String.raw`mkdir ~/"$(printf 'r\377')"; ln -s "$(printf 'r\377')" ~/way; printf '[core] hooksPath = ~/way\n' >>.git/config`;
    await outside(caller, String.raw`${names}; ${link}; : >"$(printf 'x\377.txt')"`);
    const { stdout, stderr } = await inside('echo started; echo x >.git/more || echo closed');
    expect(stdout, stderr).toBe('started\nclosed');
  });

  it.skipIf(!hasGit)('git works inside and outside meanwhile (needs git)', async () => {
    await outside(caller, 'rm -r .git; git init -q; git add main.c');
    const commit = 'git -c user.name=n -c user.email=e commit -qm first && git status --short && git log --format=%s';
    const sandbox = await begin(commit);
    expect(await outside(caller, 'git status --short main.c; git rev-parse --is-inside-work-tree')).toBe(
      'A  main.c\ntrue',
    );
    expect(await sandbox.goOn()).toMatch(/^ready\n[^]*first$/);
    expect(await outside(caller, 'git log --format=%s; git status --short')).toBe('first');
  });

  it('the configuration of the user is not made where it is missing', async () => {
    await outside(caller, 'rm -r .git');
    const line = 'mkdir -p git; echo x >git/config && echo made';
    const args = ['run', '--profile', 'project', '--network', 'none', '--', 'sh', '-c', line];
    const { stdout, stderr } = await caller.unshared(args, { env: { XDG_CONFIG_HOME: caller.workspace } });
    expect(stdout, stderr).toBe('');
    expect(stderr).toMatch(CLOSED);
    expect(readdirSync(caller.workspace)).toEqual(['main.c']);
  });

  it.skipIf(!hasGit)('what stands there meanwhile is not committed by who commits everything (needs git)', async () => {
    await outside(
      caller,
      'rm -r .git; git init -q; mkdir "a b"; printf "[include] path = ../a b/[x]\\n" >>.git/config',
    );
    const commit =
      'git add -A && git -c user.name=n -c user.email=e commit -qm all && git ls-files; git status --short';
    const { stdout, stderr } = await inside(`echo x >new; ${commit}`);
    expect(stdout, stderr).toBe('main.c\nnew');
  });

  it.skipIf(!hasGit)('nothing runs when git looks at the folder afterwards (needs git)', async () => {
    const evil = '[core]\\nrepositoryformatversion=0\\nbare=false\\nworktree=.\\nfsmonitor=$PWD/evil\\n';
    const attack = `printf '#!/bin/sh\\necho ran >>$PWD/ran\\n' >evil; chmod 755 evil; rm -f .git/HEAD; mkdir -p objects refs; echo "ref: refs/heads/main" >HEAD; printf "${evil}" >config; true`;
    await outside(caller, 'rm -r .git; git init -q');
    expect((await inside(attack)).exitCode).toBe(0);
    await outside(caller, 'git status; true');
    expect(existsSync(join(caller.workspace, 'ran'))).toBe(false);
    await outside(caller, 'rm -r .git HEAD');
    expect((await inside(attack)).exitCode).toBe(0);
    await outside(caller, 'git status; true');
    expect(existsSync(join(caller.workspace, 'ran'))).toBe(false);
    // that it would have run
    await outside(caller, 'mkdir -p refs; git status; true');
    expect(existsSync(join(caller.workspace, 'ran'))).toBe(true);
  });

  it('the placeholders of one sandbox stay until the last has ended', async () => {
    const first = await begin('true');
    const second = await begin('for path in .vscode/tasks.json .envrc; do echo x >$path && echo changed; done');
    await first.goOn();
    expect(await second.goOn()).toBe('ready');
    expect(readdirSync(caller.workspace).sort()).toEqual(['.git', 'main.c']);
    expect(readdirSync(join(caller.workspace, '.git')).sort()).toEqual(['config', 'hooks', 'objects', 'refs']);
  });

  it('without a repository, none can be made in one that another sandbox has kept away, and none stays', async () => {
    await outside(caller, 'rm -r .git');
    const first = await begin('true');
    const second = await begin('mkdir -p .git/hooks && echo x >.git/config && echo made');
    await first.goOn();
    expect(await second.goOn()).toBe('ready');
    expect(readdirSync(caller.workspace)).toEqual(['main.c']);
  });

  it('many can begin at once, and leave nothing', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => inside('echo x >.envrc || echo closed')));
    expect(all.map(({ stdout, stderr }) => stdout || stderr)).toEqual(all.map(() => 'closed'));
    expect(readdirSync(caller.workspace).sort()).toEqual(['.git', 'main.c']);
  });

  it('what the user puts into a placeholder meanwhile stays', async () => {
    const sandbox = await begin('true');
    await outside(caller, 'echo mine >.envrc; echo "{}" >.vscode/settings.json');
    await sandbox.goOn();
    expect(readFileSync(join(caller.workspace, '.envrc'), 'utf8')).toBe('mine\n');
    expect(existsSync(join(caller.workspace, '.vscode/settings.json'))).toBe(true);
    expect(existsSync(join(caller.workspace, '.idea'))).toBe(false);
  });
});
