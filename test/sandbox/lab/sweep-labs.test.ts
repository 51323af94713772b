import { execa } from 'execa';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startTimeOf } from '../../../src/discovery/pin.ts';
import { requireProgram } from '../../../src/host/programs.ts';
import { sweepLabs } from '../../../src/sandbox/lab/sweep-labs.ts';
import { HUB, makeLabFolder } from '../../../src/state/labs.ts';
import { isRoot, USER } from '../../support/unshared.ts';

const STRANGER = USER + 1;

describe.skipIf(!isRoot)('the sweep of a lab whose hub was another user (needs root)', () => {
  let labs: string;
  let program: string;
  let wayOut: ChildProcess | undefined;
  beforeEach(() => {
    labs = mkdtempSync(join(tmpdir(), 'labs-'));
    chmodSync(labs, 0o755);
    program = join(labs, '..', `pasta-${process.pid}`, 'pasta');
    mkdirSync(join(program, '..'));
    copyFileSync(requireProgram('cat'), program);
  });
  afterEach(async () => {
    vi.useRealTimers();
    if (wayOut?.exitCode === null && wayOut.signalCode === null) {
      const ended = once(wayOut, 'exit');
      wayOut.kill('SIGKILL');
      await ended;
    }
    wayOut = undefined;
    for (const folder of [labs, join(program, '..')]) rmSync(folder, { recursive: true });
  });

  it('ends the way out that it names', async () => {
    const ended = once(await nameWayOut(USER), 'exit');
    sweepLater();
    expect(await ended).toEqual([null, 'SIGKILL']);
    expect(existsSync(join(labs, 'lab'))).toBe(false);
  });

  it("ends nobody else's", async () => {
    const child = await nameWayOut(STRANGER);
    sweepLater();
    expect(existsSync(join(labs, 'lab'))).toBe(false);
    expect(startTimeOf(child.pid ?? 0)).toBeDefined();
  });

  it('waits for nobody who has put a pipe there', async () => {
    makeLabFolder(join(labs, 'lab'), USER);
    await execa('mkfifo', [join(labs, 'lab', HUB, 'way-out')]);
    sweepLater();
    expect(existsSync(join(labs, 'lab'))).toBe(false);
  });

  /** A lab in which the hub's user says that a process is its way out. */
  async function nameWayOut(uid: number): Promise<ChildProcess> {
    const words = ['--reuid', `${uid}`, '--regid', `${uid}`, '--clear-groups', '--', program];
    const child = spawn('setpriv', words, { stdio: ['pipe', 'pipe', 'inherit'] });
    wayOut = child;
    child.stdin.write('\n');
    await once(child.stdout, 'data');
    makeLabFolder(join(labs, 'lab'), USER);
    writeFileSync(join(labs, 'lab', HUB, 'way-out'), `${child.pid ?? 0} ${startTimeOf(child.pid ?? 0) ?? 0}\n`);
    return child;
  }

  /** A lab is not swept while it may be being started. */
  function sweepLater(): void {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 20_000 });
    sweepLabs(labs);
  }
});
