import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { check, surroundings } from '../support/surroundings.ts';
import { isRoot, makeCaller, type Caller } from '../support/unshared.ts';

const TYPES = ['mnt', 'pid', 'net', 'ipc', 'uts', 'cgroup', 'time'];

describe.skipIf(!isRoot)('namespaces that cannot be made (needs root)', () => {
  let caller: Caller;
  beforeAll(() => {
    caller = makeCaller('user');
  });
  afterAll(() => caller.remove());

  it.each(TYPES)('%s is named where it alone is refused', async (type) => {
    const within: Caller = { ...caller, asCaller: (command) => command };
    const limit = `echo 0 >/proc/sys/user/max_${type}_namespaces; exec "$@"`;
    const around = ['unshare', '--user', '--map-current-user', '--keep-caps', '--', 'sh', '-c', limit, 'sh'];
    const lines = await check(within, [...caller.asCaller([]), ...around]);
    const refused = [...lines.values()].filter(({ id, status }) => id.startsWith('namespace-') && status !== 'ok');
    expect(refused).toMatchObject([{ id: `namespace-${type}`, code: 'namespaceLimit', args: { type } }]);
    expect(refused[0]?.fix?.commands[0]).toContain(`sysctl user.max_${type}_namespaces=15000`);
  });

  it('proc is refused where a part of it is covered', async () => {
    const { inside, end } = await surroundings('mount --bind /dev/null /proc/cpuinfo');
    expect((await check(caller, inside)).get('proc')).toMatchObject({
      status: 'missing',
      needed: true,
      code: 'ownProcCovered',
      args: { mounts: ['/proc/cpuinfo'] },
      fix: { commands: ['--security-opt systempaths=unconfined'] },
    });
    await end();
  });
});
