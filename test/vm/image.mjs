// Makes the virtual machine that the tests run in, once for what it is made from: node test/vm/image.mjs, as root.
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { argv, umask } from 'node:process';
import { fileURLToPath, URL } from 'node:url';
import { execa } from 'execa';
import { debianSources } from './sources.mjs';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const RELEASE = 'trixie';
const CACHE = '/var/cache/namespace-sandboxes-test';

const PACKAGES = [
  ...['systemd', 'systemd-sysv', 'udev', 'kmod', 'linux-image-cloud-amd64', 'initramfs-tools', 'zstd'],
  ...['dbus', 'dbus-user-session', 'libpam-systemd', 'polkitd', 'pkexec'],
  ...['util-linux', 'mount', 'bsdutils', 'uidmap', 'passwd', 'procps', 'iproute2', 'hostname', 'libstdc++6'],
  ...['busybox-static', 'xz-utils', 'passt', 'slirp4netns', 'nftables', 'tcpdump', 'python3', 'apparmor'],
  ...['strace', 'git', 'sudo', 'dbus-bin'],
];

/** Documentation and the words of other languages are half of a small Debian. */
const LEFT_OUT = ['/usr/share/man/*', '/usr/share/doc/*', '/usr/share/locale/*'];

/** Where the machine lies: `disk`, `vmlinuz` and `initrd`, and the names of its shared libraries in `libraries`. */
export const IMAGE = join(CACHE, `vm-${RELEASE}-${digest()}`);

/** A hash of all that decides what is in the image. */
function digest() {
  const files = readdirSync(join(HERE, 'guest'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  const hash = createHash('sha256');
  for (const file of [...files.sort(), ...['image.mjs', 'guest-setup.sh'].map((name) => join(HERE, name))])
    hash.update(readFileSync(file));
  return hash.digest('hex').slice(0, 16);
}

/** @returns {Promise<void>} rejects with what mmdebstrap or mke2fs said. */
async function makeImage() {
  console.log('Making a virtual machine with mmdebstrap…');
  umask(0o022);
  mkdirSync(CACHE, { recursive: true });
  const partial = mkdtempSync(`${IMAGE}.`);
  const scratch = mkdtempSync(join(tmpdir(), 'vm-image-'));
  try {
    await installDebian(scratch);
    takeBootFiles(join(scratch, 'root'), partial);
    await makeDisk(join(scratch, 'root'), join(partial, 'disk'));
    chmodSync(partial, 0o755);
    if (!existsSync(IMAGE)) renameSync(partial, IMAGE);
  } finally {
    for (const folder of [scratch, partial]) rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * The files of `guest/` are there before the kernel makes its initial RAM disk.
 * @param {string} scratch
 */
async function installDebian(scratch) {
  const sources = debianSources(RELEASE);
  if (sources.length === 0) throw new Error('This machine gets no Debian packages from anywhere');
  cpSync(join(HERE, 'guest'), join(scratch, 'guest'), { recursive: true });
  const options = [
    ...['--quiet', '--variant=essential', '--format=directory', `--include=${PACKAGES.join(',')}`],
    ...['--aptopt=Acquire::Languages "none"', '--aptopt=APT::Install-Recommends "false"'],
    ...LEFT_OUT.map((path) => `--dpkgopt=path-exclude=${path}`),
    `--essential-hook=sync-in ${join(scratch, 'guest')} /`,
    `--customize-hook=${join(HERE, 'guest-setup.sh')}`,
  ];
  await execa('mmdebstrap', [...options, RELEASE, join(scratch, 'root'), '-'], { input: sources.join('\n') });
}

/**
 * QEMU starts the kernel itself, so that the disk needs neither a boot loader nor what is in /boot.
 * @param {string} root
 * @param {string} target
 */
function takeBootFiles(root, target) {
  const boot = join(root, 'boot');
  for (const [prefix, name] of /** @type {const} */ ([
    ['vmlinuz-', 'vmlinuz'],
    ['initrd.img-', 'initrd'],
  ])) {
    const file = readdirSync(boot).find((present) => present.startsWith(prefix));
    if (file === undefined) throw new Error(`The kernel left no ${prefix}* in /boot`);
    cpSync(join(boot, file), join(target, name));
  }
  rmSync(boot, { recursive: true });
  writeFileSync(join(target, 'libraries'), readdirSync(join(root, 'usr/lib/x86_64-linux-gnu')).join('\n'));
}

/**
 * @param {string} folder
 * @param {string} disk
 */
async function makeDisk(folder, disk) {
  const options = ['-q', '-t', 'ext4', '-O', '^has_journal', '-m', '0', '-L', 'root'];
  await execa('mke2fs', [...options, '-d', folder, disk, '1200M']);
}

if (argv[1] === fileURLToPath(import.meta.url) && !existsSync(IMAGE)) await makeImage();
