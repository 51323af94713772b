import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { describe } from 'node:test';
import { around, it, root, stranger, unshared, WORKSPACE, type Caller } from './guest.ts';
import { nothingLeft } from './left.ts';

const STAYS = { workspace: 'none', lifetime: 'untilStopped' } as const;
const FILE = {
  profiles: {
    one: { ...STAYS, networks: { late: '10.0.0.1', lossy: '10.1.0.1' } },
    two: { ...STAYS, networks: { late: '10.0.0.2', lossy: '10.1.0.2' } },
  },
  networks: { late: { subnet: '10.0.0.0/24', delay: '50ms' }, lossy: { subnet: '10.1.0.0/24', loss: '10%' } },
};

const SENT = 1000;
/** Counts datagrams until the end of them is told, also those for which it had no room (`drops` in proc_net_udp(5)). */
const COUNT = `import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("10.1.0.2", 9)); s.settimeout(60); n = 0
while s.recv(9) == b"x": n += 1
print(n + sum(int(line.split()[-1]) for line in open("/proc/net/udp") if line.split()[1].endswith(":0009")))`;
/** Any one of the last may be lost, but not all of them. */
const SEND = `import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(${SENT}): s.sendto(b"x", ("10.1.0.2", 9)); time.sleep(0.002)
for _ in range(20): s.sendto(b"end", ("10.1.0.2", 9)); time.sleep(0.05)`;

const CALLERS: readonly (readonly [string, Caller])[] = [
  ['a user', stranger],
  ['root', root],
];

for (const [name, caller] of CALLERS) {
  describe(`a lab of ${name}, with netem`, () => {
    const folder = `${WORKSPACE}/.vscode`;
    let ids: readonly string[] = [];
    around(
      () => {
        mkdirSync(folder, { recursive: true });
        writeFileSync(`${folder}/sandboxes.json`, JSON.stringify(FILE));
      },
      () => rmSync(folder, { recursive: true }),
    );

    it('starts', async () => {
      const { exitCode, stdout, stderr } = await unshared(caller, 'lab', 'start');
      assert.equal(exitCode, 0, stderr);
      ids = stdout.split('\n').flatMap((line) => /^[\w-]+/.exec(line)?.[0] ?? []);
    });

    it('delays each packet by what its file says, within a fifth', async () => {
      const { stdout } = await unshared(caller, 'enter', ids[0] ?? '', '--', 'busybox', 'ping', '-c', '10', '10.0.0.2');
      // The first one asks for a hardware address besides; the processor is an emulated one.
      const times = [...stdout.matchAll(/time=([\d.]+)/g)]
        .map(([, time]) => Number(time))
        .toSorted((one, two) => one - two);
      const round = times[5] ?? NaN;
      assert.ok(round > 80 && round < 120, stdout);
    });

    it(`loses a tenth of ${SENT} packets, within four standard deviations`, async () => {
      const counting = unshared(caller, 'enter', ids[1] ?? '', '--', 'python3', '-c', COUNT);
      const listens = ['sh', '-c', 'until grep -q :0009 /proc/net/udp; do :; done'];
      await unshared(caller, 'enter', ids[1] ?? '', '--', ...listens);
      // While a hardware address is asked for, which may be lost too, only some packets are kept: arp(7), unres_qlen_bytes.
      const asks = ['sh', '-c', 'until busybox ping -c 1 -W 2 10.1.0.2; do :; done'];
      await unshared(caller, 'enter', ids[0] ?? '', '--', ...asks);
      await unshared(caller, 'enter', ids[0] ?? '', '--', 'python3', '-c', SEND);
      const lost = SENT - Number((await counting).stdout);
      assert.ok(lost > 62 && lost < 138, `${lost} are lost`);
    });

    it('ends, and leaves nothing', async () => {
      const { exitCode, stderr } = await unshared(caller, 'lab', 'stop');
      assert.equal(exitCode, 0, stderr);
      await nothingLeft(caller);
    });
  });
}
