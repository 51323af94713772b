import { execa } from 'execa';
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cgroupHierarchies } from '../../../src/cgroup/hierarchies.ts';
import { hierarchyFor } from '../../../src/cgroup/limits.ts';
import { shellWords } from '../../../src/sandbox/script/quote.ts';
import { CLI, isRoot, makeCaller, type Caller } from '../../support/unshared.ts';

const KEYS = ['memory.max', 'pids.max'] as const;
const found = KEYS.map((key) => hierarchyFor(key, cgroupHierarchies()));
const legacy = found.every((hierarchy) => hierarchy?.version === 1);

describe.skipIf(!isRoot || !legacy)('limits in cgroups that were given to a user (needs root and cgroup v1)', () => {
  let caller: Caller;
  let homes: readonly string[];
  beforeEach(() => {
    caller = makeCaller('user');
    homes = found.map((hierarchy) => join(hierarchy?.mountPoint ?? '', `unshared-test-${process.pid}`));
    for (const home of homes) {
      mkdirSync(home);
      for (const name of ['', 'cgroup.procs']) chownSync(join(home, name), caller.uid, caller.uid);
    }
  });
  afterEach(() => {
    for (const home of homes) removeCgroups(home);
    caller.remove();
  });

  async function inside(line: string) {
    const enter = homes.map((home) => `echo $$ >${home}/cgroup.procs`).join('; ');
    const limits = ['--limit', 'memory.max=64M', '--limit', 'pids.max=20'];
    const command = caller.asCaller([process.execPath, CLI, 'run', ...limits, '--', 'sh', '-c', line]);
    return execa('sh', ['-c', `${enter}; exec ${shellWords(command)}`], {
      cwd: caller.workspace,
      env: caller.env,
      extendEnv: false,
      reject: false,
    });
  }

  it('hold, and go away', async () => {
    const { stderr } = await inside('head -c 200M /dev/zero | tail | wc -c');
    expect(stderr).toContain('killed by memory.max = 64M');
    expect(homes.flatMap((home) => readdirSync(home).filter((name) => name === 'namespace-sandboxes'))).toEqual([]);
  });

  it('cannot be raised from inside by mounting them', async () => {
    const raise =
      'for file in pids.max memory.limit_in_bytes; do [ ! -e $file ] || (echo -1 >$file; echo max >$file) 2>/dev/null; done';
    const mounts = `mkdir /tmp/c; for type in memory pids; do mount -t cgroup -o $type c /tmp/c && cd /tmp/c && { ${raise}; cd ..; umount /tmp/c; }; done`;
    const forks = 'i=0; while [ $i -lt 40 ]; do sleep 5 & i=$((i + 1)); done; echo all';
    const { stdout, stderr } = await inside(`unshare -Ur --mount --cgroup sh -c '${mounts}'; ${forks}`);
    expect(stdout).not.toContain('all');
    expect(stderr).toMatch(/Cannot fork|Resource temporarily unavailable/);
  });
});

function removeCgroups(folder: string): void {
  const top = folder.slice(0, folder.lastIndexOf('/'));
  for (const pid of readFileSync(`${folder}/cgroup.procs`, 'utf8').split('\n').filter(Boolean)) {
    if (existsSync(`/proc/${pid}`)) writeFileSync(`${top}/cgroup.procs`, pid);
  }
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) removeCgroups(join(folder, entry.name));
  }
  rmdirSync(folder);
}
