import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { toolchainsOf } from '../../src/sandbox/toolchains.ts';
import { CALLERS, makeCaller, outside, writeProfiles } from '../support/unshared.ts';

describe('tools', () => {
  let home: string;
  let nvm: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'tools-'));
    nvm = join(home, '.nvm');
    for (const version of ['v9.11.2', 'v20.3.0', 'v20.20.2', 'v22.1.0', '.cache'])
      mkdirSync(join(nvm, 'versions/node', version), { recursive: true });
  });
  afterEach(() => rmSync(home, { recursive: true }));

  function aliases(all: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(all)) {
      mkdirSync(dirname(join(nvm, 'alias', name)), { recursive: true });
      writeFileSync(join(nvm, 'alias', name), `${text}\n`);
    }
  }

  it.each([
    ['the newest without a default', {}, 'v22.1.0'],
    ['a version', { default: 'v20.3.0' }, 'v20.3.0'],
    ['the newest of a major version', { default: '20' }, 'v20.20.2'],
    ['one that begins with the same digit, but is another', { default: '2' }, undefined],
    ['the newest by name', { default: 'node' }, 'v22.1.0'],
    ['an alias of an alias', { default: 'lts/*', 'lts/*': 'lts/iron', 'lts/iron': 'v20.20.2' }, 'v20.20.2'],
    ['one that leads to itself', { default: 'default' }, undefined],
    ['one that is not there', { default: 'v18.0.0' }, undefined],
    ['one that nobody knows', { default: 'system' }, undefined],
  ])('of nvm come onto PATH: %s', (_, all, version) => {
    aliases(all);
    const expected = version === undefined ? [] : [join(nvm, 'versions/node', version, 'bin')];
    expect(toolchainsOf([nvm])).toEqual({ path: expected, env: {} });
  });

  it('are found in the order of the profile', () => {
    const tools = ['/u/.local/bin', nvm, '/u/.rustup', '/u/data', '/none/.nvm'];
    const node = join(nvm, 'versions/node/v22.1.0/bin');
    expect(toolchainsOf(tools)).toEqual({ path: ['/u/.local/bin', node], env: { RUSTUP_HOME: '/u/.rustup' } });
  });
});

describe.each(CALLERS.filter((name) => name !== 'root'))('in the profile "agent" of %s', (name) => {
  it('node of nvm and the toolchains of rustup are found', async () => {
    const caller = makeCaller(name);
    onTestFinished(() => caller.remove());
    const bin = '~/.nvm/versions/node/v22.1.0/bin';
    await outside(
      caller,
      `mkdir -p ${bin} ~/.rustup && printf '#!/bin/sh\\necho "node $*"\\n' >${bin}/node && chmod 755 ${bin}/node`,
    );
    await writeProfiles(caller, { mine: { extends: 'agent', network: 'none', env: { RUSTUP_HOME: '/mine' } } });
    const line = ['sh', '-c', 'node -e 0; echo "$RUSTUP_HOME"'];
    const { stdout, stderr } = await caller.unshared(['run', '--profile', 'agent', '--network', 'none', '--', ...line]);
    expect(stdout, stderr).toBe(`node -e 0\n${caller.home}/.rustup`);
    expect((await caller.unshared(['run', '--profile', 'mine', '--', ...line])).stdout).toBe('node -e 0\n/mine');
  });
});
