import { execa } from 'execa';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findProgram } from '../../src/host/programs.ts';
import { captureCommand } from '../../src/sandbox/capture.ts';
import { isRoot } from '../support/unshared.ts';
import { until } from '../support/until.ts';
import { wired } from '../ui/networks/wirings.ts';

const has = isRoot && findProgram('tcpdump') !== undefined;
const NAME = `capture-${process.pid}`;
const PATH = `/run/netns/${NAME}`;
/** Of pcap(5), in the byte order of this machine. */
const MAGIC = 0xa1b2c3d4;

describe.skipIf(!has)('a capture (needs root and tcpdump)', () => {
  let folder: string;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "it's a capture-"));
    await execa('ip', ['netns', 'add', NAME]);
    await execa('ip', ['-n', NAME, 'link', 'set', 'lo', 'up']);
  });
  afterEach(async () => {
    await execa('ip', ['netns', 'delete', NAME]);
    rmSync(folder, { recursive: true });
  });

  const commandInto = (into: string, inode: number) =>
    captureCommand({ network: wired(inode, { kind: 'named', name: NAME }, []), path: PATH, link: 'lo', into });

  it('has nothing of a network that has taken the place of the one that was chosen', async () => {
    const into = join(folder, 'other.pcap');
    const { command } = commandInto(into, statSync(PATH).ino + 1);
    const { stderr } = await execa(command.file, [...command.args], { env: { ...command.env }, input: '\n' });
    expect(stderr).toBe('This network has ended.');
    expect(readFileSync(into, 'latin1')).toBe('');
  });

  it('has the packets of the network, and ends when it is interrupted', async () => {
    const into = join(folder, 'lo.pcap');
    const { command } = commandInto(into, statSync(PATH).ino);
    const terminal = spawn(command.file, [...command.args], { env: { ...command.env }, detached: true });
    terminal.stdin.end();
    const size = (): number => statSync(into, { throwIfNoEntry: false })?.size ?? 0;
    await until('the header of the file', () => size() >= 24);
    const before = size();
    const greet = ['netns', 'exec', NAME, 'bash', '-c', 'echo hello >/dev/udp/127.0.0.1/9'];
    await until('a packet', async () => {
      await execa('ip', greet);
      return size() > before;
    });
    const ended = once(terminal, 'exit');
    process.kill(-(terminal.pid ?? 0), 'SIGINT');
    await ended;
    const captured = readFileSync(into);
    expect(captured.readUInt32LE(0)).toBe(MAGIC);
    expect(captured.includes('hello')).toBe(true);
  });
});
