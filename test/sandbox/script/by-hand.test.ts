import { execa } from 'execa';
import { chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findProgram } from '../../../src/host/programs.ts';
import { busyboxTree } from '../../support/busybox.ts';
import { ALL_CALLERS, makeCaller, outside, type Caller } from '../../support/unshared.ts';
import { until } from '../../support/until.ts';

/** What a sandbox is, as far as one can see from inside; addresses of namespaces and names of folders are each its own. */
const FACTS = [
  'id -u; hostname; echo "$HOME $PATH"; pwd',
  'grep -E "^(Cap|NoNewPrivs|Seccomp:)" /proc/self/status; cat /proc/self/uid_map /proc/sys/kernel/random/boot_id',
  'while read -r _ _ _ _ target options _; do echo "$target $options"; done </proc/self/mountinfo',
  'for type in user mnt pid net ipc uts cgroup time; do [ -e /proc/1/ns/$type ] && echo $type; done; echo /* /dev/*',
].join('; ');

const WRITES = { extends: 'project', network: 'none', limits: { 'memory.max': 'max', 'pids.max': 'max' } };

describe.each(ALL_CALLERS)('exported scripts of %s', (name) => {
  let caller: Caller;
  let before: readonly string[];
  beforeEach(() => {
    caller = makeCaller(name);
    before = folders();
  });
  afterEach(() => {
    expect(folders()).toEqual(before);
    caller.remove();
  });

  function folders(): readonly string[] {
    const base = `${caller.runtime}-by-hand`;
    return existsSync(base) ? readdirSync(base) : [];
  }

  /** Exports, starts and enters; `meanwhile` is before it is started. */
  async function byHand(
    options: readonly string[],
    line: string,
    { meanwhile, env = {} }: { meanwhile?: string; env?: Readonly<Record<string, string>> } = {},
  ): Promise<string> {
    const exported = mkdtempSync(join(caller.home, 'exported-'));
    if (process.getuid?.() === 0) chownSync(exported, caller.uid, caller.uid);
    const made = await caller.unshared(['script', ...options, '--export', exported]);
    expect(made.exitCode, made.stderr).toBe(0);
    if (meanwhile !== undefined) await outside(caller, meanwhile);
    const [file = '', ...args] = caller.asCaller(['sh', join(exported, 'start.sh'), 'by-hand']);
    const started = execa(file, args, { cwd: caller.workspace, env: caller.env, extendEnv: false, reject: false });
    let said = '';
    started.stderr.on('data', (part: Buffer) => (said += part.toString()));
    const end = started.then(() => 'ended');
    await Promise.race([until('the sandbox to run', () => said.includes('It runs')), end]);
    expect(said).toMatch(/^It runs/m);
    const [joiner = '', ...words] = caller.asCaller(['sh', join(exported, 'join.sh'), 'sh', '-c', line]);
    const { stdout } = await execa(joiner, words, {
      cwd: '/',
      env: { TERM: 'dumb', ...env },
      extendEnv: false,
      reject: false,
    });
    started.stdin.end();
    expect((await started).exitCode).toBe(0);
    return stdout;
  }

  async function byEngine(options: readonly string[], line: string): Promise<string> {
    const { stdout } = await caller.unshared(['run', ...options, '--', 'sh', '-c', line], { env: { TERM: 'dumb' } });
    return stdout;
  }

  function profile(settings: object): readonly string[] {
    mkdirSync(join(caller.workspace, '.vscode'), { recursive: true });
    writeFileSync(join(caller.workspace, '.vscode/sandboxes.json'), JSON.stringify({ profiles: { tried: settings } }));
    return ['--profile', 'tried'];
  }

  it.each(['learn', 'throwaway'])('make the same sandbox by hand, and leave nothing: %s', async (builtin) => {
    const settings = { extends: builtin, workspace: 'none', limits: { 'memory.max': 'max', 'pids.max': 'max' } };
    const options = profile(settings);
    const expected = await byEngine(options, FACTS);
    expect(expected).toContain('/proc/sys ro');
    expect(await byHand(options, FACTS)).toBe(expected);
  });

  it.skipIf(findProgram('busybox') === undefined)('also on a foreign root (needs busybox-static)', async () => {
    const rootfs = busyboxTree(join(caller.workspace, 'tree'), ['sh', 'id', 'hostname', 'grep', 'cat']);
    const options = profile({ extends: 'learn', rootfs, mounts: [{ tmpfs: '/scratch' }] });
    const expected = await byEngine(options, FACTS);
    expect(expected).toContain('/scratch rw');
    expect(await byHand(options, FACTS)).toBe(expected);
  });

  it('also with a folder that root inside cannot write to, whatever it can', async () => {
    const options = profile({ extends: 'learn', mounts: [{ bind: '.', to: '/data', readOnly: true }] });
    const line = '(mount -o remount,bind,rw /data; echo x >/data/.vscode/sandboxes.json) 2>/dev/null || echo held';
    expect(await byHand(options, line)).toBe('held');
  });

  it.skipIf(name === 'root')('also with a writable workspace, which is left as it was (as a user)', async () => {
    const options = profile(WRITES);
    const files = readdirSync(caller.workspace);
    const line = 'touch made; touch .envrc 2>/dev/null || echo protected';
    expect(await byHand(options, line)).toBe('protected');
    expect(readdirSync(caller.workspace).sort()).toEqual([...files, 'made'].sort());
  });

  it.skipIf(name === 'root')(
    'make nothing in a workspace where something has come to stand since (as a user)',
    async () => {
      await outside(caller, 'mkdir -p .git/hooks; echo "[core]" >.git/config');
      const options = profile(WRITES);
      const content = 'cat .git/commondir; echo x >.envrc || cat .envrc; echo x >.mcp.json || echo protected';
      const before = readdirSync(join(caller.workspace, '.git')).sort();
      const meanwhile = 'echo mine >.envrc; : >.gitmodules';
      expect(await byHand(options, `{ ${content}; } 2>/dev/null`, { meanwhile })).toBe('.\nmine\nprotected');
      expect(readFileSync(join(caller.workspace, '.envrc'), 'utf8')).toBe('mine\n');
      expect(readdirSync(caller.workspace).sort()).toEqual(['.envrc', '.git', '.gitmodules', '.vscode']);
      expect(readdirSync(join(caller.workspace, '.git')).sort()).toEqual(before);
    },
  );

  it.skipIf(name === 'root')(
    'start in no workspace where a link has come to stand, and leave nothing (as a user)',
    async () => {
      const options = profile(WRITES);
      const exported = join(caller.home, 'exported');
      await caller.unshared(['script', ...options, '--export', exported]);
      await outside(caller, 'ln -s ../home .idea');
      const [file = '', ...args] = caller.asCaller(['sh', join(exported, 'start.sh'), 'by-hand']);
      const { exitCode, stderr } = await execa(file, args, {
        cwd: '/',
        env: caller.env,
        extendEnv: false,
        reject: false,
      });
      expect([exitCode, stderr]).toEqual([1, `${caller.workspace}/.idea must be a folder, or missing.`]);
      expect(readdirSync(caller.workspace).sort()).toEqual(['.idea', '.vscode']);
    },
  );

  it.each(['terminal', 'untilStopped'])('leave nothing when they are interrupted, also twice: %s', async (lifetime) => {
    const exported = join(caller.home, 'exported');
    const options = profile({ extends: 'learn', lifetime });
    const files = readdirSync(caller.workspace);
    await caller.unshared(['script', ...options, '--export', exported]);
    const [file = '', ...args] = caller.asCaller(['sh', join(exported, 'start.sh'), 'by-hand']);
    const started = execa(file, args, { cwd: caller.workspace, env: caller.env, extendEnv: false, reject: false });
    let said = '';
    started.stderr.on('data', (part: Buffer) => (said += part.toString()));
    await until('the sandbox to run', () => said.includes('It runs'));
    started.kill('SIGTERM');
    started.kill('SIGTERM');
    expect((await started).exitCode).toBe(1);
    expect(readdirSync(caller.workspace)).toEqual(files);
  });

  it('pass on what their shell has', async () => {
    const options = profile({ extends: 'learn', envPass: ['TERM', 'TOKEN', 'status'], env: { OWN: 'own' } });
    const line = 'echo "$TOKEN|$status|$OWN|$TERM"';
    expect(await byHand(options, line, { env: { TOKEN: `it's`, status: '7' } })).toBe(`it's|7|own|dumb`);
    expect(await byHand(options, 'echo "${TOKEN-none}"')).toBe('none');
    const language = profile({ extends: 'learn', envPass: ['LC_ALL', 'PATH'] });
    const env = { PATH: `/mine:${process.env.PATH ?? ''}` };
    expect(await byHand(language, 'echo "${LC_ALL-none} $PATH"', { env })).toBe(`none ${env.PATH}`);
  });

  it('are not written over what is there', async () => {
    const exported = join(caller.home, 'exported');
    for (const status of [0, 125]) {
      const { exitCode } = await caller.unshared(['script', '--profile', 'learn', '--export', exported]);
      expect(exitCode).toBe(status);
    }
  });
});
