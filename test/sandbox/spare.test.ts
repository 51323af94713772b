import { execa } from 'execa';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { helperSession } from '../../src/elevation/session.ts';
import { loadProfiles, resolveProfile } from '../../src/profile/load.ts';
import { joinCommand } from '../../src/sandbox/join.ts';
import type { LaunchRequest } from '../../src/sandbox/make-plan.ts';
import { runningSandboxes } from '../../src/sandbox/running.ts';
import { keepSpare, type SpareKeeper } from '../../src/sandbox/spare.ts';
import { until } from '../support/until.ts';

describe('a spare sandbox', () => {
  let home: string;
  let spares: SpareKeeper;
  let before: readonly string[];
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'unshared-spare-'));
    spares = keepSpare(helperSession('dist/helper.cjs', () => undefined));
    before = runningSandboxes().map(({ id }) => id);
  });
  afterEach(async () => {
    await spares.end();
    expect(runningSandboxes().map(({ id }) => id)).toEqual(before);
    rmSync(home, { recursive: true, force: true });
  });

  function request(settings: object): LaunchRequest {
    const text = JSON.stringify({ profiles: { tried: { extends: 'learn', ...settings } } });
    const loaded = loadProfiles([{ file: 'sandboxes.json', text, source: 'user' }]);
    const profile = resolveProfile(loaded, 'tried', { workspaceFolder: undefined, env: {}, home });
    return { profile, workspaceFolder: undefined };
  }

  const ready = () =>
    until('the spare', () => runningSandboxes().find(({ id, spare }) => spare && !before.includes(id)));

  it('is there before it is asked for, and is then like any other', async () => {
    spares.prepare(request({ hostname: 'ready' }));
    const { id } = await ready();
    const taken = await spares.take(request({ hostname: 'ready' }));
    expect(taken?.sandbox).toMatchObject({ id, spare: false });
    expect(runningSandboxes().find((sandbox) => sandbox.id === id)?.spare).toBe(false);
    const { file, args, env } = joinCommand(taken?.sandbox ?? fails(), ['hostname']);
    expect((await execa(file, args, { env, extendEnv: false })).stdout).toBe('ready');
    taken?.release();
    await taken?.ended;
  });

  it('is ended where something else is asked for', async () => {
    spares.prepare(request({ hostname: 'ready' }));
    const { folder } = await ready();
    expect(await spares.take(request({ hostname: 'other' }))).toBeUndefined();
    expect(readdirSync(join(folder, '..'))).not.toContain(folder.slice(folder.lastIndexOf('/') + 1));
  });

  it('that has been stopped meanwhile is not given', async () => {
    spares.prepare(request({}));
    const { pid } = await ready();
    process.kill(pid, 'SIGKILL');
    expect(await spares.take(request({}))).toBeUndefined();
  });

  it('is not kept for one that outlives its window', async () => {
    spares.prepare(request({ lifetime: 'untilStopped' }));
    expect(await spares.take(request({ lifetime: 'untilStopped' }))).toBeUndefined();
  });
});

function fails(): never {
  throw new Error('there is no spare');
}
