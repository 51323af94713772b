import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findProgram } from '../../../src/host/programs.ts';
import { shellWord } from '../../../src/sandbox/script/quote.ts';
import { busyboxTree } from '../../support/busybox.ts';
import {
  ALL_CALLERS,
  makeCaller,
  outside,
  running,
  writeProfiles,
  type Caller,
  type Finished,
} from '../../support/unshared.ts';

/** What python3 does inside: clones a tree by the new calls, takes its read-only flag away, attaches it. The numbers are the same on x64 and arm64. */
const CALLS = `import ctypes, os, sys
at, recursive, empty = -100, 0x8000, 0x1000
call = ctypes.CDLL(None, use_errno=True).syscall
flags = 1 | (recursive if sys.argv[3:] else 0)
fd = call(428, at, sys.argv[1].encode(), flags)
attr = (ctypes.c_uint64 * 4)(0, 1, 0, 0)
call(442, fd, b'', empty | (flags & recursive), attr, 32)
call(429, fd, b'', at, sys.argv[2].encode(), 4)`;
const calls = (recursive: string): string => `python3 -c ${shellWord(CALLS)} "$1" /tmp/m ${recursive}`;
const NESTED = 'unshare --user --map-root-user --mount sh -c';

/** Ways to write to a folder that is read-only, each with what would be written by it; `$1` is the folder. */
const WRITES = {
  remount: 'mount -o remount,bind,rw "$1"; echo x >"$1/file"',
  bind: 'mount --bind "$1" /tmp/m; mount -o remount,bind,rw /tmp/m; [ -e /tmp/m/file ] && echo x >/tmp/m/file',
  'bind of all':
    'mount --rbind "$1" /tmp/m; mount -o remount,bind,rw /tmp/m; [ -e /tmp/m/file ] && echo x >/tmp/m/file',
  move: 'mount --move "$1" /tmp/m; mount -o remount,bind,rw /tmp/m; [ -e /tmp/m/file ] && echo x >/tmp/m/file',
  'new calls': `${calls('')}; [ -e /tmp/m/file ] && echo x >/tmp/m/file`,
  'new calls for all': `${calls('all')}; [ -e /tmp/m/file ] && echo x >/tmp/m/file`,
};
/** The same, which fail whoever has made the mounts. */
const OTHER_WRITES = {
  'whole remount': 'mount -o remount,rw "$1"; echo x >"$1/file"',
  nested: `${NESTED} 'mount -o remount,bind,rw "$1"; echo x >"$1/file"' sh "$1"`,
  upper:
    'mount -t overlay -o "userxattr,lowerdir=/tmp/l,upperdir=$1/folder,workdir=$1/work" o /tmp/m && echo x >/tmp/m/new',
};
/** Ways to read what is masked in a folder. */
const READS = {
  umount: 'umount "$1/secret"; cat "$1/secret"',
  'umount of a folder': 'umount "$1/hidden"; cat "$1/hidden/secret"',
  move: 'mkdir -p /tmp/f; : >/tmp/f/x; mount --move "$1/secret" /tmp/f/x; cat "$1/secret"',
  bind: 'mount --bind "$1" /tmp/m; cat /tmp/m/secret /tmp/m/hidden/secret',
  'bind of all':
    'mount --rbind "$1" /tmp/m; umount /tmp/m/secret /tmp/m/hidden; cat /tmp/m/secret /tmp/m/hidden/secret',
  overlay:
    'mount -t overlay -o "userxattr,lowerdir=$1,upperdir=/tmp/u,workdir=/tmp/w" o /tmp/m; cat /tmp/m/secret /tmp/m/hidden/secret',
  'new calls': `${calls('')}; cat /tmp/m/secret /tmp/m/hidden/secret`,
  'new calls for all': `${calls('all')}; umount /tmp/m/secret /tmp/m/hidden; cat /tmp/m/secret /tmp/m/hidden/secret`,
};
const OTHER_READS = {
  detached: 'cd "$1"; umount -l "$1"; umount -l secret hidden; cat secret hidden/secret',
  nested: `${NESTED} 'umount "$1/secret" "$1/hidden"; cat "$1/secret" "$1/hidden/secret"' sh "$1"`,
  root: 'cd "$1"; chroot . /bin/cat /secret; pivot_root . .; umount -l .; cat /secret hidden/secret',
};

/** A line that tries each in a mount namespace of its own, which root inside may make, and names those that got through. */
function tryAll(folder: string, ways: Readonly<Record<string, string>>): string {
  const prepare = 'mkdir -p /tmp/m /tmp/l /tmp/u /tmp/w';
  const lines = Object.entries(ways).map(([title, line]) => {
    const words = `unshare --mount --propagation private sh -c ${shellWord(`{ ${line}; } 2>/dev/null`)} sh ${shellWord(folder)}`;
    const writes = line.includes('echo x');
    return writes ? `${words} && echo ${shellWord(title)}` : `${words} | grep -q key && echo ${shellWord(title)}`;
  });
  return [prepare, ...lines, ':'].join('\n');
}

/** A folder that is the sandbox's own, closed and hidden as the other is. */
const OWN = [
  'mkdir -p /tmp/t/folder /tmp/t/work /tmp/t/hidden; for at in secret file hidden/secret; do echo key >/tmp/t/$at; done',
  'chmod -R a+rwX /tmp/t; mkdir /tmp/own; mount --bind /tmp/t /tmp/own; mount -o remount,bind,ro /tmp/own',
  'mount --bind /dev/null /tmp/own/secret; mount -t tmpfs -o ro mask /tmp/own/hidden',
].join('\n');

/** What python3 does inside: asks for the user namespace above, which could make its mounts writable, and enters it. */
const PARENT = `import ctypes, fcntl, os
fd = fcntl.ioctl(os.open('/proc/self/ns/user', os.O_RDONLY), 0xb702)
print('found'); print(ctypes.CDLL(None).setns(fd, 0))`;

describe.each(ALL_CALLERS)('what %s shows read-only to root inside with every capability', (name) => {
  let caller: Caller;
  let data: string;
  let tool: string;
  beforeAll(async () => {
    caller = makeCaller(name);
    data = join(caller.workspace, 'data');
    tool = join(caller.workspace, 'tool');
    await outside(
      caller,
      'mkdir -p data/folder data/work data/hidden tool/bin; for at in secret file hidden/secret; do echo key >data/$at; done; echo key >tool/bin/file; echo key >file; chmod -R a+rwX .',
    );
    const mounts = [
      { bind: data, to: '/data', readOnly: true },
      { bind: join(data, 'file'), to: '/one/file', readOnly: true },
      { mask: '/data/hidden' },
    ];
    await writeProfiles(caller, {
      n1: {
        extends: 'learn',
        workspace: 'ro',
        mounts,
        maskedPaths: ['/data/secret', '/etc/passwd'],
        tools: [join(tool, 'bin')],
        lifetime: 'untilStopped',
      },
    });
    const { exitCode, stderr } = await caller.unshared(['run', '--profile', 'n1', '--', 'true']);
    expect(exitCode, stderr).toBe(0);
  });
  afterAll(async () => {
    await caller.unshared(['stop', ...(await running(caller)).map(({ id }) => id)]);
    caller.remove();
  });

  async function inside(line: string): Promise<string> {
    const [sandbox] = await running(caller);
    const { stdout } = await caller.unshared(['enter', sandbox?.id ?? '', '--', 'sh', '-c', line]);
    return stdout;
  }

  it('is there, and its own namespaces are its own to change', async () => {
    expect(await inside('cat /data/file /one/file; ls -A /data/hidden; cat /data/secret')).toBe('key\nkey');
    const lines = [
      'hostname other && hostname',
      'ip addr add 10.0.0.1/24 dev lo && echo address',
      'mkdir /tmp/a /tmp/b && touch /tmp/a/f && mount --bind /tmp/a /tmp/b && ls /tmp/b',
      'unshare --pid --fork --mount-proc sh -c "echo \\$\\$"',
    ];
    expect(await inside(lines.join('\n'))).toBe('other\naddress\nf\n1');
  });

  it('can be laid under an overlay, whose changes go elsewhere', async () => {
    const mount = 'mount -t overlay -o "userxattr,lowerdir=/usr/bin,upperdir=/tmp/2/u,workdir=/tmp/2/w" o /tmp/2/m';
    const line = `mkdir -p /tmp/2/u /tmp/2/w /tmp/2/m; unshare --mount sh -c '${mount}; echo x >/tmp/2/m/new; cat /tmp/2/m/new'`;
    expect(await inside(line)).toBe('x');
  });

  it('is not written to, by the ways that open what is the own of the sandbox', async () => {
    expect(await inside(`${OWN}\n${tryAll('/tmp/own', WRITES)}`)).toBe(Object.keys(WRITES).join('\n'));
    for (const folder of ['/data', caller.workspace, join(tool, 'bin')])
      expect(await inside(tryAll(folder, { ...WRITES, ...OTHER_WRITES }))).toBe('');
    expect(await inside('(mount -o remount,bind,rw /one/file; echo x >/one/file) 2>/dev/null && echo written; :')).toBe(
      '',
    );
    const files = ['data/file', 'data/secret', 'tool/bin/file', 'file'].map((file) => join(caller.workspace, file));
    expect(files.map((file) => readFileSync(file, 'utf8'))).toEqual(['key\n', 'key\n', 'key\n', 'key\n']);
  });

  it('keeps what is hidden in it, though what hides something of the own of the sandbox can be taken away', async () => {
    expect(
      await inside(
        `umount /tmp/own/secret /tmp/own/hidden /tmp/own 2>/dev/null; rm -rf /tmp/own /tmp/t\n${OWN}\n${tryAll('/tmp/own', READS)}`,
      ),
    ).toBe(Object.keys(READS).join('\n'));
    expect(await inside(tryAll('/data', { ...READS, ...OTHER_READS }))).toBe('');
    expect(await inside('umount /etc/passwd 2>/dev/null; cat /etc/passwd')).toBe('');
  });

  it('can be taken away, and nothing is beneath', async () => {
    const line =
      'umount -R /data 2>/dev/null || umount -l /data; ls -A /data; touch /data/x 2>/dev/null && echo made; :';
    expect(await inside(`unshare --mount sh -c ${shellWord(line)}`)).toBe('');
  });

  it('is out of reach: nobody inside gets into the user namespace that made it', async () => {
    expect(await inside(`python3 -c ${shellWord(PARENT)} 2>&1 | tail -1`)).toContain('Operation not permitted');
  });

  it('the filter of system calls is not even there, which other sandboxes load too', async () => {
    expect(await inside('find / -xdev -name "*.bpf" 2>/dev/null; echo looked')).toBe('looked');
  });
});

describe.each(ALL_CALLERS)('with every capability, of %s,', (name) => {
  let caller: Caller;
  beforeAll(() => {
    caller = makeCaller(name);
  });
  afterAll(() => caller.remove());

  async function run(settings: object, line: string): Promise<Finished> {
    await writeProfiles(caller, { tried: { extends: 'learn', ...settings } });
    return caller.unshared(['run', '--profile', 'tried', '--', 'sh', '-c', line]);
  }

  it.each([
    ['a path of a file system of its own', { maskedPaths: ['/proc/cpuinfo'] }, '/proc/cpuinfo'],
    ['a mask where one can write', { mounts: [{ bind: '.', to: '/w' }], maskedPaths: ['/w/.vscode'] }, '/w/.vscode'],
    [
      'a closed path where one can write',
      { mounts: [{ bind: '.', to: '/w' }], readOnlyPaths: ['/w/.vscode'] },
      '/w/.vscode',
    ],
    ['an empty home', { readOnlyPaths: ['/root'] }, '/root'],
    ['a mask in an overlay', { mounts: [{ overlay: '.', to: '/o' }, { mask: '/o/.vscode' }] }, '/o/.vscode'],
  ])('nothing is closed that could be opened: %s', async (_, settings, path) => {
    const { exitCode, stderr } = await run(settings, 'true');
    expect(exitCode, stderr).toBe(125);
    expect(stderr).toContain(`can undo what hides or closes ${path}:`);
    expect(stderr).toContain('"capabilities": "default"');
  });

  it('a user other than root has none, and opens nothing', async () => {
    await outside(caller, 'mkdir -p data; echo key >data/file; chmod -R a+rwX data');
    const mounts = [{ bind: 'data', to: '/data', readOnly: true }];
    const ways = tryAll('/data', { nested: OTHER_WRITES.nested });
    const line = `mount -o remount,bind,rw /data; echo x >/data/file; ${ways}`;
    const { stdout, stderr } = await run({ user: 1234, mounts }, `(${line}) 2>/dev/null; id -u`);
    expect(stdout, stderr).toBe('1234');
    expect(readFileSync(join(caller.workspace, 'data/file'), 'utf8')).toBe('key\n');
  });

  it.skipIf(name === 'root')('a writable workspace is not shown (as a user)', async () => {
    const { exitCode, stderr } = await run({ workspace: 'rw' }, 'true');
    expect(exitCode, stderr).toBe(125);
    expect(stderr).toContain('Use "workspace": "ro", bind a folder of it');
  });

  it.skipIf(findProgram('busybox') === undefined)('a foreign root shows no more (needs busybox-static)', async () => {
    const rootfs = busyboxTree(join(caller.workspace, 'tree'), ['sh', 'mount', 'umount', 'cat', 'unshare', 'echo']);
    await outside(caller, 'mkdir -p data; echo key >data/file; chmod -R a+rwX data');
    const mounts = [
      { bind: 'data', to: '/new/data', readOnly: true },
      { bind: 'data/file', to: '/other/file', readOnly: true },
    ];
    const line =
      'for at in /new/data /other/file /run/namespace-sandboxes/setpriv; do mount -o remount,bind,rw $at && echo $at; done; echo x >/new/data/file; echo x >/other/file';
    const { stdout, stderr } = await run({ rootfs, mounts }, `(${line}) 2>/dev/null; cat /new/data/file /other/file`);
    expect(stdout, stderr).toBe('key\nkey');
    const refused = await run({ rootfs, readOnly: true }, 'true');
    expect(refused.stderr).toContain('closes /:');
  });
});
