import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { until } from '../../support/until.ts';
import { run, sandboxFolders, tester, type Caller } from './guest.ts';

/** Waits until nothing of any sandbox is in the machine: systemd removes its scopes a moment after their last process. */
export async function nothingLeft(caller: Caller): Promise<void> {
  await until(
    'the last process, folder and cgroup of a sandbox to go',
    async () => {
      const left = [...processes(), ...sandboxFolders(caller), ...cgroups(), ...(await scopes())];
      return left.length === 0;
    },
    30,
  ).catch(async (error: unknown) => {
    const left = {
      processes: processes(),
      folders: sandboxFolders(caller),
      cgroups: cgroups(),
      scopes: await scopes(),
    };
    assert.fail(`${String(error)}\n${JSON.stringify(left)}`);
  });
}

function processes(): readonly string[] {
  return readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && commandLine(pid).includes('namespace-sandboxes:'));
}

/** Directories beneath the root cgroup that have our name in theirs. */
function cgroups(folder = '/sys/fs/cgroup'): readonly string[] {
  const folders = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return folders.flatMap(({ name }) => {
    const path = `${folder}/${name}`;
    return name.includes('namespace-sandboxes') ? [path] : cgroups(path);
  });
}

/** Also those that failed: systemd keeps them until somebody has looked. */
async function scopes(): Promise<readonly string[]> {
  const { stdout } = await run(
    tester.as(['systemctl', '--user', '--no-legend', '--plain', '--all', 'list-units', 'namespace-sandboxes-*']),
  );
  return stdout.split('\n').filter(Boolean);
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
