import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { until } from '../../support/until.ts';
import { around, run } from './guest.ts';

/**
 * A service of user `tester` to which systemd delegates these controllers (systemd.resource-control(5)): `yes` is all.
 * Its process is in a leaf, because a cgroup with processes hands nothing down. Returns that leaf.
 */
export function delegatedLeaf(name: string, controllers: string): string {
  const cgroup = `/sys/fs/cgroup/system.slice/${name}.service`;
  const leaf = `${cgroup}/leaf`;
  const command = ['sh', '-c', `mkdir ${leaf} && echo 0 >${leaf}/cgroup.procs && exec sleep infinity`];
  const properties = [`--property=Delegate=${controllers}`, '--property=User=tester'];
  around(
    async () => {
      const { stderr } = await run(['systemd-run', '--quiet', `--unit=${name}`, ...properties, ...command]);
      assert.equal(stderr, '');
      await until(
        'a process in its leaf',
        () => existsSync(leaf) && readFileSync(`${leaf}/cgroup.procs`, 'utf8') !== '',
      );
    },
    () => run(['systemctl', 'stop', `${name}.service`]),
  );
  return leaf;
}
