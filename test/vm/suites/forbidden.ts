import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { describe } from 'node:test';
import { around, it, recorded, run, stranger, tester, unshared, type Caller } from './guest.ts';
import { nothingLeft } from './left.ts';
import { whileRunning } from './terminal.ts';

const SETTINGS = [
  { name: 'kernel.unprivileged_userns_clone', value: '0', reason: 'Only root may make user namespaces', fix: '=1' },
  { name: 'user.max_user_namespaces', value: '0', reason: 'No user namespace may be made', fix: '=15000' },
  {
    name: 'kernel.apparmor_restrict_unprivileged_userns',
    value: '1',
    reason: 'AppArmor takes all rights from user namespaces',
    fix: '.*apparmor_parser --replace',
  },
];

for (const { name, value, reason, fix } of SETTINGS) {
  const lacking = existsSync(fileOf(name)) ? undefined : `this kernel has no ${name}`;
  describe(`where ${name} is ${value}`, () => {
    refused(stranger, new RegExp(`${reason}.*${name}${fix}`, 's'), (work) => withSetting(name, value, work), lacking);
  });
}

describe('where only root may make user namespaces', () => {
  for (const { name, value } of SETTINGS.filter((setting) => setting.name !== 'user.max_user_namespaces')) {
    const lacking = existsSync(fileOf(name)) ? undefined : `this kernel has no ${name}`;
    it(
      `the helper makes one that belongs to the user (${name})`,
      () =>
        withSetting(name, value, async () => {
          const { stdout, stderr } = await whileRunning(tester, [], async () => {
            const { id, pid } = recorded(tester);
            assert.equal(statSync(`/proc/${pid}`).uid, tester.uid);
            const entered = await unshared(tester, 'enter', id, '--', 'id', '-u');
            assert.deepEqual({ exitCode: entered.exitCode, stdout: entered.stdout }, { exitCode: 0, stdout: '0' });
            assert.doesNotMatch(entered.stderr, /as root/);
          });
          assert.match(stdout, /waiting/, stderr);
          assert.match(stderr, /as root: made a user namespace of user 1000, which process \d+ holds/);
          await nothingLeft(tester);
        }),
      lacking,
    );
  }
});

const PROFILE = '/run/vm-confined';
/** A profile that refuses nothing but user namespaces (apparmor.d(5), "User Namespace rules"). */
const RULES = ['abi <abi/4.0>,', 'profile vm-confined {', '  allow all,', '  audit deny userns,', '}', ''].join('\n');

describe('where an AppArmor profile refuses user namespaces', () => {
  const confined: Caller = {
    ...stranger,
    as: (command) => ['aa-exec', '-p', 'vm-confined', '--', ...stranger.as(command)],
  };
  around(
    async () => {
      writeFileSync(PROFILE, RULES);
      const { stderr } = await run(['apparmor_parser', '--replace', '--skip-cache', PROFILE]);
      assert.equal(stderr, '');
    },
    async () => {
      await run(['apparmor_parser', '--remove', PROFILE]);
      rmSync(PROFILE);
    },
  );
  refused(confined, /AppArmor refuses user namespaces.*under the profile vm-confined\..*apparmor=unconfined/s);
});

function refused(
  caller: Caller,
  words: RegExp,
  around: (work: () => Promise<void>) => Promise<void> = (work) => work(),
  lacking?: string,
): void {
  it(
    'a sandbox does not start, and says the cause and the way out',
    () =>
      around(async () => {
        const { exitCode, stdout, stderr } = await unshared(caller, 'run', '--', 'echo', 'in');
        assert.deepEqual({ exitCode, stdout }, { exitCode: 125, stdout: '' });
        assert.match(stderr, words);
        await nothingLeft(caller);
      }),
    lacking,
  );

  it(
    'the check of the host says the same',
    () =>
      around(async () => {
        const { exitCode, stdout } = await unshared(caller, 'check');
        assert.equal(exitCode, 1);
        assert.match(stdout, /^No sandbox can start on this host/);
        assert.match(stdout, words);
      }),
    lacking,
  );
}

/** Sets a kernel parameter (sysctl(8)) meanwhile. */
async function withSetting(name: string, value: string, work: () => Promise<void>): Promise<void> {
  const file = fileOf(name);
  const before = readFileSync(file, 'utf8');
  writeFileSync(file, value);
  try {
    await work();
  } finally {
    writeFileSync(file, before);
  }
}

function fileOf(name: string): string {
  return `/proc/sys/${name.replaceAll('.', '/')}`;
}
