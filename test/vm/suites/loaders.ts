import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe } from 'node:test';
import { around, it, recorded, root, stranger, unshared, type Caller } from './guest.ts';
import { nothingLeft } from './left.ts';
import { processesBeside } from './processes.ts';
import { openTerminal, WAIT, type Terminal } from './terminal.ts';

/** keyctl(2), which the filter of every sandbox answers with ENOSYS, and any kernel with something else. */
const KEYCTL = `perl -e 'print syscall(250, 0, -3, 0) == -1 ? $! + 0 : "done", "\\n"'`;
const ENOSYS = '38';

for (const [name, caller] of [
  ['a user', stranger],
  ['root', root],
] as const) {
  describe(`the seccomp filter of ${name}`, () => filtered(caller));
}

/** One sandbox with two terminals, looked at from outside. */
function filtered(caller: Caller): void {
  let first: Terminal;
  let second: Terminal;
  around(
    () => undefined,
    async () => {
      await second.end();
      await first.end();
    },
  );

  it('is on PID 1 and on all that runs in both terminals', async () => {
    const line = `sleep 600 & ${KEYCTL}; ${WAIT}; kill $!`;
    first = openTerminal(caller, ['run', '--', 'sh', '-c', line]);
    await first.waits();
    const { id, pid } = recorded(caller);
    second = openTerminal(caller, ['enter', id, '--', 'sh', '-c', line]);
    await second.waits();
    const inside = processesBeside(pid).map((process) => readFileSync(`/proc/${process}/status`, 'utf8'));
    assert.ok(inside.length >= 5, `PID 1, two shells and what they started: ${inside.length}`);
    assert.deepEqual(new Set(inside.map((status) => /^Seccomp:\t(\d)$/m.exec(status)?.[1])), new Set(['2']));
  });

  it('is loaded by the one program of both scripts', () => {
    const { id } = recorded(caller);
    for (const script of ['start.sh', 'join.sh']) {
      const text = readFileSync(`${caller.runtime}/${id}/${script}`, 'utf8');
      assert.match(text, /perl -fe 'eval \$ENV\{program\}/);
      assert.doesNotMatch(text, /--seccomp-filter|bwrap/);
    }
  });

  it('refuses what it forbids', async () => {
    const said = [await second.end(), await first.end()].map(({ stdout }) => stdout.split('\n')[0]);
    assert.deepEqual(said, [ENOSYS, ENOSYS]);
    await nothingLeft(caller);
  });
}

describe('the check of a host with the util-linux of Debian 13', () => {
  it('names perl(1) for seccomp, and has Landlock', async () => {
    const { stdout } = await unshared(stranger, 'check', '--json');
    const { topics } = JSON.parse(stdout) as { topics: { lines: Line[] }[] };
    const lines = new Map(topics.flatMap(({ lines }) => lines).map((line) => [line.id, line]));
    assert.deepEqual(
      ['seccomp-loader', 'landlock'].map((id) => [lines.get(id)?.status, lines.get(id)?.args.program]),
      [
        ['ok', 'perl'],
        ['ok', undefined],
      ],
    );
  });
});

interface Line {
  readonly id: string;
  readonly status: string;
  readonly args: Readonly<Record<string, unknown>>;
}
