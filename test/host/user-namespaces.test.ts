import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findProgram } from '../../src/host/programs.ts';
import { refusedBecause, withoutRights, type Circumstances } from '../../src/host/user-namespaces.ts';
import { writeUnshareFilter } from '../support/seccomp.ts';
import { check, unsharedIn } from '../support/surroundings.ts';
import { isRoot, makeCaller, type Caller } from '../support/unshared.ts';

const HERE: Circumstances = {
  setting: () => undefined,
  inChroot: false,
  filtered: false,
  inInitialNamespace: true,
  profile: undefined,
  selinux: false,
};
const EPERM = 'unshare: unshare failed: Operation not permitted';
const EACCES = 'unshare: unshare failed: Permission denied';
const ENOSPC = 'unshare: unshare failed: No space left on device';

const settings =
  (values: Readonly<Record<string, string>>): Circumstances['setting'] =>
  (name) =>
    values[name];

describe('refusedBecause', () => {
  const codeOf = (reason: string, more: Partial<Circumstances>): string =>
    refusedBecause(reason, { ...HERE, ...more }).finding.code;

  it.each<[string, string, Partial<Circumstances>]>([
    ['userNamespacesOff', EPERM, { setting: settings({ 'kernel/unprivileged_userns_clone': '0' }), filtered: true }],
    ['userNamespacesForbidden', ENOSPC, { setting: settings({ 'user/max_user_namespaces': '0' }) }],
    ['userNamespacesUsedUp', ENOSPC, { setting: settings({ 'user/max_user_namespaces': '15000' }) }],
    ['userNamespacesUsedUpOutside', ENOSPC, { inInitialNamespace: false }],
    ['userNamespacesNotInKernel', 'unshare: unshare failed: Invalid argument', {}],
    ['userNamespacesInChroot', EPERM, { inChroot: true, filtered: true }],
    ['userNamespacesFiltered', EPERM, { filtered: true, selinux: true }],
    ['userNamespacesFiltered', 'unshare: unshare failed: Function not implemented', { filtered: true }],
    ['userNamespacesSelinux', EACCES, { filtered: true, selinux: true }],
    ['userNamespacesAppArmorProfile', EACCES, { filtered: true, profile: 'docker-default' }],
    ['userNamespacesAppArmor', EPERM, { setting: settings({ 'kernel/apparmor_restrict_unprivileged_userns': '1' }) }],
    ['userNamespacesRefused', EPERM, {}],
  ])('is %s for "%s" and %j', (code, reason, circumstances) => {
    expect(codeOf(reason, circumstances)).toBe(code);
  });

  it('doubles a limit that is used up', () => {
    const { fix } = refusedBecause(ENOSPC, { ...HERE, setting: settings({ 'user/max_user_namespaces': '100' }) });
    expect(fix?.commands[0]).toContain('sysctl user.max_user_namespaces=200');
  });

  it('lets AppArmor give one program its rights, by a profile', () => {
    const setting = settings({ 'kernel/apparmor_restrict_unprivileged_userns': '1' });
    const { fix } = withoutRights('unshare: write failed /proc/self/uid_map: Operation not permitted', {
      ...HERE,
      setting,
    });
    expect(fix?.file?.content).toMatch(
      /^profile namespace-sandboxes \/\S*\/unshare flags=\(unconfined\) \{\n {2}userns,\n\}$/m,
    );
    expect(fix?.commands[1]).toContain('apparmor_parser --replace /etc/apparmor.d/namespace-sandboxes');
  });
});

/** A user namespace in which the caller keeps its id and may set limits. */
const LIMITED = ['unshare', '--user', '--map-current-user', '--keep-caps', '--', 'sh', '-c'];

describe.skipIf(!isRoot)('why no user namespace can be made (needs root)', () => {
  let caller: Caller;
  beforeAll(() => {
    caller = makeCaller('user');
  });
  afterAll(() => caller.remove());

  /** Checks, and tries to start a sandbox, which must be refused in the same words. */
  async function refusal(around: readonly string[]) {
    const asCaller = caller.asCaller([]);
    const within: Caller = { ...caller, asCaller: (command) => command };
    const words = [...asCaller, ...around];
    const line = (await check(within, words)).get('namespace-user');
    const { stderr, exitCode } = await unsharedIn(within, words, ['run', '--', 'true']);
    expect(exitCode).toBe(125);
    expect(stderr).toContain(line?.text);
    for (const command of line?.fix?.commands ?? []) expect(stderr).toContain(command);
    return line;
  }

  it('a limit of 0', async () => {
    const line = await refusal([...LIMITED, 'echo 0 >/proc/sys/user/max_user_namespaces; exec "$@"', 'sh']);
    expect(line).toMatchObject({ status: 'missing', needed: true, code: 'userNamespacesForbidden' });
    expect(line?.fix?.commands[0]).toContain('sysctl user.max_user_namespaces=15000');
  });

  it('a limit of a namespace around this one', async () => {
    const one = 'echo 1 >/proc/sys/user/max_user_namespaces; exec unshare --user --map-current-user -- "$@"';
    const line = await refusal([...LIMITED, one, 'sh']);
    expect(line).toMatchObject({ code: 'userNamespacesUsedUpOutside', fix: { code: 'settingOutside' } });
  });

  it('the deepest nesting there is', async () => {
    const nest = `depth=$1; shift
      unshare --user --map-current-user true || exec "$@"
      exec unshare --user --map-current-user -- sh -c "$NEST" sh $((depth + 1)) "$@"`;
    const line = await refusal(['env', `NEST=${nest}`, 'sh', '-c', nest, 'sh', '0']);
    expect(line).toMatchObject({ code: 'userNamespacesUsedUpOutside' });
  });

  it.skipIf(findProgram('bwrap') === undefined).each([
    ['EPERM', 1],
    ['ENOSYS', 38],
  ])('a system call filter that says %s (needs bwrap)', async (_, errno) => {
    const file = join(caller.home, 'filter.bpf');
    writeUnshareFilter(file, errno);
    const load = 'exec bwrap --dev-bind / / --seccomp 9 -- "$@" 9<"$0"';
    const line = await refusal(['sh', '-c', load, file]);
    expect(line).toMatchObject({ code: 'userNamespacesFiltered', fix: { code: 'containerOptions' } });
    expect(line?.fix?.commands).toEqual(['--security-opt seccomp=unconfined']);
  });

  const PRIVATE = ['unshare', '--mount', '--propagation', 'private', '--', 'sh', '-c'];

  /** Makes the folder $root look like `/`, and runs in it. */
  const CHROOT = `mount -t tmpfs tmpfs /mnt; mkdir -p "$root"
    for path in /*; do
      name=\${path#/}
      if [ -L "$path" ]; then cp -P "$path" "$root"; elif [ -d "$path" ] && [ "$path" != /mnt ]; then
        mkdir "$root/$name"; mount --rbind "$path" "$root/$name"
      fi
    done
    chroot "$root" "$@"; exit`;

  it.each([
    ['a chroot to a folder', '/mnt/root', 'user'],
    ['a chroot to a mount point, seen by a process outside of it', '/mnt', 'root'],
  ] as const)('%s', async (_, root, name) => {
    const one = makeCaller(name);
    const lines = await check(one, [...PRIVATE, `root=${root}; ${CHROOT}`, 'sh']);
    expect(lines.get('namespace-user')).toMatchObject({
      status: 'missing',
      code: 'userNamespacesInChroot',
      fix: { code: 'leaveChroot' },
    });
    one.remove();
  });

  it("a container's root, which has no ids for root's sandboxes", async () => {
    const within: Caller = { ...caller, asCaller: (command) => command };
    const lines = await check(within, caller.asCaller(['unshare', '--user', '--map-root-user', '--']));
    expect(lines.get('namespace-user')).toMatchObject({
      status: 'missing',
      code: 'ownerRefused',
      fix: { code: 'ordinaryUser' },
    });
  });
});
