import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';

/**
 * The machine is emulated: hardware virtualisation is not to be had everywhere, and slow is good enough. A processor
 * without AVX is the fastest then, and a second one could run kernel code while the first one patches it.
 */
const MACHINE = ['-M', 'q35', '-accel', 'tcg,tb-size=512', '-cpu', 'Nehalem', '-smp', '1', '-m', '2048'];
const BARE = ['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-rtc', 'base=utc'];
/** With so little memory the table of connections would have no room for the eight ways out that a user may have. */
const CONNECTIONS = 'nf_conntrack.hashsize=32768';
/** QEMU translates a program anew for each address that it runs at: where addresses stay, a process starts in a third of the time. */
const FAST = 'norandmaps init_on_alloc=0 mitigations=off audit=0';
const KERNEL = `root=/dev/vda rw console=ttyS0 quiet loglevel=3 systemd.show_status=0 panic=-1 oops=panic fsck.mode=skip ${FAST} ${CONNECTIONS}`;

/**
 * Boots an image with a folder on its second disk, and passes on each line that the guest writes to its port `outcomes`.
 * The image itself stays as it is.
 * @param {{ image: string, share: string, timeout: number, onLine: (line: string) => void }} options
 * @returns {Promise<string>} what stood on its console, and why QEMU ended if not by itself
 */
export async function boot({ image, share, timeout, onLine }) {
  const scratch = mkdtempSync(join(tmpdir(), 'vm-'));
  try {
    const shared = join(scratch, 'share');
    await makeDisk(share, shared);
    const console = join(scratch, 'console');
    // Its standard input stays open: at the end of it the guest's port would be closed.
    const qemu = execa('qemu-system-x86_64', machine(image, shared, console), {
      timeout,
      reject: false,
      stdin: 'pipe',
    });
    for await (const line of qemu.iterable({ from: 'stdout' })) onLine(line);
    const { failed, shortMessage, stderr } = await qemu;
    return [readFileSync(console, 'utf8'), ...(failed ? [shortMessage ?? '', stderr] : [])].join('\n');
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/**
 * @param {string} image
 * @param {string} share
 * @param {string} console
 */
function machine(image, share, console) {
  return [
    ...MACHINE,
    ...BARE,
    ...['-kernel', join(image, 'vmlinuz'), '-initrd', join(image, 'initrd'), '-append', KERNEL],
    ...['-drive', `file=${join(image, 'disk')},if=virtio,format=raw,snapshot=on,cache=unsafe`],
    ...['-drive', `file=${share},if=virtio,format=raw,readonly=on`],
    ...['-device', 'virtio-rng-pci', '-device', 'virtio-serial-pci', '-serial', `file:${console}`],
    ...['-chardev', 'stdio,id=outcomes,signal=off', '-device', 'virtserialport,chardev=outcomes,name=outcomes'],
  ];
}

/**
 * @param {string} folder
 * @param {string} disk
 */
async function makeDisk(folder, disk) {
  const sizes = readdirSync(folder, { encoding: 'utf8', recursive: true }).map(
    (name) => statSync(join(folder, name)).size,
  );
  const megabytes = Math.ceil((sizes.reduce((sum, size) => sum + size, 0) * 1.25) / 2 ** 20) + 16;
  const options = ['-q', '-t', 'ext4', '-O', '^has_journal', '-m', '0', '-L', 'share'];
  await execa('mke2fs', [...options, '-d', folder, disk, `${megabytes}M`]);
}
