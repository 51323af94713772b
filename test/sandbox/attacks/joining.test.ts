import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CALLERS, makeCaller, outside, writeProfiles, type Caller } from '../../support/unshared.ts';

describe.each(CALLERS)('what a profile of %s sets for the shell', (name) => {
  let caller: Caller;
  beforeEach(() => {
    caller = makeCaller(name);
  });
  afterEach(() => caller.remove());

  it('does not reach the loader of the programs that go in', async () => {
    // ld.so(8) of whatever program still runs outside would write its report there.
    const env = { LD_DEBUG: 'files', LD_DEBUG_OUTPUT: join(caller.home, 'report') };
    await writeProfiles(caller, { loads: { extends: 'learn', env } });
    const { stdout, stderr } = await caller.unshared(['run', '--profile', 'loads', '--', 'sh', '-c', 'echo $LD_DEBUG']);
    expect(stdout, stderr).toMatch(/^ *files$/m);
    expect(readdirSync(caller.home).filter((file) => file.startsWith('report'))).toEqual([]);
  });

  it('does not choose the programs that go in', async () => {
    await outside(
      caller,
      'mkdir bin; cd bin; for name in nsenter setpriv env; do printf "#!/bin/sh\\ntouch $PWD/ran" >$name; done; chmod +x *',
    );
    await writeProfiles(caller, { tools: { extends: 'learn', tools: ['bin'], env: { OWN: "it's $1" } } });
    const { stdout, stderr } = await caller.unshared([
      'run',
      '--profile',
      'tools',
      '--',
      'sh',
      '-c',
      'echo "$OWN $PATH"',
    ]);
    expect(stdout, stderr).toMatch(/^it's \$1 \/\S+\/workspace\/bin:\/usr/);
    expect(existsSync(join(caller.workspace, 'bin/ran'))).toBe(false);
  });

  it('may be a name that the shell keeps for itself', async () => {
    const env = { UID: '7', PPID: '7', line: 'a', command: 'b', LAST: 'c' };
    await writeProfiles(caller, { names: { extends: 'learn', env } });
    const { stdout, stderr } = await caller.unshared([
      'run',
      '--profile',
      'names',
      '--',
      'printenv',
      'line',
      'command',
      'LAST',
    ]);
    expect(stdout, stderr).toBe('a\nb\nc');
  });
});
