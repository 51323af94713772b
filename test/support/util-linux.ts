import { execa } from 'execa';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { findProgram } from '../../src/host/programs.ts';

/** The programs of util-linux that a sandbox is made with. */
const PROGRAMS = [
  ...['unshare', 'nsenter', 'mount', 'umount', 'setpriv', 'script', 'prlimit', 'setsid', 'pivot_root'],
] as const;

/** Packages of Ubuntu's first edition of a release, whose names and contents never change, with their SHA-256. */
const RELEASES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '2.37': {
    'u/util-linux/bsdutils_2.37.2-4ubuntu3': '8e863dcd6b6efbdccb83ef32fea9d80a051e48ae2311e718ea46d18bf1a4eab8',
    'u/util-linux/libblkid1_2.37.2-4ubuntu3': 'f5ce929bf28632d227588fcc58b1aa6ec609dc89420161347a758f16efcdb34f',
    'u/util-linux/libmount1_2.37.2-4ubuntu3': 'd38fb72ed15461ac652215fa488c5fc3b4e6c86dcc6341eb833aef8dc8ad6e0f',
    'u/util-linux/libsmartcols1_2.37.2-4ubuntu3': 'b61722721fc4e2534823e391e6ed73655cf8c5b13e2977003f3b930f166260b0',
    'u/util-linux/libuuid1_2.37.2-4ubuntu3': '94f24383876c575a85c4fd87226e72fe9c9bbdbb52b6f4d71dade805e0d60d48',
    'u/util-linux/mount_2.37.2-4ubuntu3': '0f7242d9ffbc6a1147a633f0cff1de1476f436fe72846501d9232b63845dfdc3',
    'u/util-linux/util-linux_2.37.2-4ubuntu3': 'df52c8d589844aaf98b24fb22a9ce1be677eb30c70d8311c1a10c8c2d8b988d2',
  },
  '2.39': {
    'g/glibc/libc6_2.39-0ubuntu8': 'af36c7ac770770fe3d3c10e85d6bc538e76e57570ba7db7d397fb9f654783ef3',
    'u/util-linux/bsdutils_2.39.3-9ubuntu6': '2d92e209c2fbd102bbd9e81c7375e575462d0aca95090b2f8f3848438092913e',
    'u/util-linux/libblkid1_2.39.3-9ubuntu6': '47433bcaf43d1c6ed2e2acbc7dc70f6d6ed149e64f12d25b2ddb714a56c4e8dd',
    'u/util-linux/libmount1_2.39.3-9ubuntu6': 'ccf07f3dfdda05311e66882d420140e32aeceaaa17725a0956214d81f5944995',
    'u/util-linux/libsmartcols1_2.39.3-9ubuntu6': '4c2a6d158e1adf4197fb370f6b86900955846aaedd64d6c5546d04988d8a4c62',
    'u/util-linux/libuuid1_2.39.3-9ubuntu6': '4ba2c3a10469d1ab8e01a9af8e39093ed43addada658c04737287c5f91a1645b',
    'u/util-linux/mount_2.39.3-9ubuntu6': '672c86c24a6884d791c95cbd9e159b54e65b15e80cf4b56d476538e22240857a',
    'u/util-linux/util-linux_2.39.3-9ubuntu6': 'adce7d9699a70bfdc28f0e0785459c97e7ea7b4755316a83d0b4f29a2e22f404',
  },
};

export const OLDER_VERSIONS = Object.keys(RELEASES);

const ARCHIVE = 'http://archive.ubuntu.com/ubuntu/pool/main';
const LIBRARIES = '/usr/lib/x86_64-linux-gnu';
const CACHE = '/var/cache/namespace-sandboxes-test/util-linux';

/** Another util-linux than this machine's: lines of sh for `surroundings` that put it in the place of the own one. */
export interface OtherUtilLinux {
  readonly setup: string;
  readonly remove: () => void;
}

/** Why the others cannot be had here, or undefined. */
export function whyNoOthers(): string | undefined {
  if (process.arch !== 'x64') return 'its packages are for x64';
  if (process.getuid?.() !== 0) return 'needs root';
  return findProgram('dpkg-deb') === undefined || !existsSync(LIBRARIES) ? 'needs a Debian or Ubuntu' : undefined;
}

/**
 * Programs of another release with their libraries; those of a newer C library replace this machine's where that is older.
 * @throws where its packages cannot be fetched.
 */
export async function otherUtilLinux(version: string): Promise<OtherUtilLinux> {
  const packages = await Promise.all(
    Object.entries(RELEASES[version] ?? {}).map(([name, sha256]) => fetched(name, sha256)),
  );
  const folder = mkdtempSync('/var/tmp/util-linux-');
  chmodSync(folder, 0o755);
  const unpacked = join(folder, 'unpacked');
  for (const file of packages) await execa('dpkg-deb', ['-x', file, unpacked]);
  const table = [...programsIn(unpacked), ...(await librariesIn(unpacked))].map(([source, target]) => {
    const kept = join(folder, basename(target));
    copyFileSync(source, kept);
    chmodSync(kept, 0o755); // none of them as root, who needs no more
    return `${kept} ${target} none bind 0 0`;
  });
  rmSync(unpacked, { recursive: true });
  writeFileSync(join(folder, 'table'), `${table.join('\n')}\n`);
  return {
    setup: `mount --all --fstab ${join(folder, 'table')}`,
    remove: () => rmSync(folder, { recursive: true }),
  };
}

type Replacement = readonly [source: string, target: string];

function programsIn(unpacked: string): readonly Replacement[] {
  const folders = ['bin', 'sbin', 'usr/bin', 'usr/sbin'].map((folder) => join(unpacked, folder));
  return PROGRAMS.map((name) => {
    const source = folders.map((folder) => join(folder, name)).find((path) => existsSync(path)) ?? name;
    return [source, realpathSync(findProgram(name) ?? name)];
  });
}

async function librariesIn(unpacked: string): Promise<readonly Replacement[]> {
  const folders = ['lib/x86_64-linux-gnu', 'usr/lib/x86_64-linux-gnu'].map((folder) => join(unpacked, folder));
  const { stdout } = await execa('getconf', ['GNU_LIBC_VERSION']);
  const [, minor = '0'] = /\.(\d+)/.exec(stdout) ?? [];
  const wanted = Number(minor) < 38 ? /\.so\.\d+$/ : /^lib(mount|blkid|smartcols|uuid)\.so\.\d+$/;
  return folders
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((name) => [join(folder, name), join(LIBRARIES, name)] as const))
    .filter(([source, target]) => wanted.test(basename(source)) && existsSync(target))
    .map(([source, target]) => [realpathSync(source), realpathSync(target)]);
}

async function fetched(name: string, sha256: string): Promise<string> {
  const file = join(CACHE, `${basename(name)}_amd64.deb`);
  if (existsSync(file)) return file;
  const response = await fetch(`${ARCHIVE}/${name}_amd64.deb`, { signal: AbortSignal.timeout(30_000) });
  const bytes = Buffer.from(await response.arrayBuffer());
  if (createHash('sha256').update(bytes).digest('hex') !== sha256) throw new Error(`${name} is not what it should be`);
  mkdirSync(CACHE, { recursive: true });
  writeFileSync(`${file}.part`, bytes);
  renameSync(`${file}.part`, file);
  return file;
}
