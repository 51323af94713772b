import { execa } from 'execa';
import { spawn } from 'node:child_process';
import { build } from 'esbuild';
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  chmodSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findProgram } from '../../src/host/programs.ts';
import { enterAsRootCommand } from '../../src/sandbox/enter.ts';
import { onTerminalWords, typing } from '../support/on-terminal.ts';
import { until } from '../support/until.ts';
import { CLI, isRoot, makeCaller, sandboxFolders, type Caller } from '../support/unshared.ts';

const WITH_POLKIT = resolve('test/support/with-polkit.sh');
const missing = ['pkexec', 'pkttyagent', 'dbus-daemon', 'script', 'sudo'].filter((name) => !findProgram(name));
const HELPER = resolve('dist/helper.cjs');
const FOLDER = '/usr/libexec/namespace-sandboxes';
const POLICY = '/usr/share/polkit-1/actions/namespace-sandboxes.policy';
const NEEDS_ROOT = ['run', '--limit', 'pids.max=50', '--', 'echo', 'it ran'];
const unshared = (...args: readonly string[]): readonly string[] => [process.execPath, CLI, ...args];
const asRoot = /as root: made the cgroups/;

describe.skipIf(!isRoot || missing.length > 0)(
  `root for a user, beside a real polkit or sudo (needs root; missing: ${missing.join(' ') || 'nothing'})`,
  () => {
    let caller: Caller;
    let programs = '';
    beforeAll(async () => {
      programs = mkdtempSync(join(tmpdir(), 'driver-'));
      chmodSync(programs, 0o755);
      await bundlePrograms(programs);
    });
    afterAll(() => rmSync(programs, { recursive: true }));
    beforeEach(() => {
      caller = makeCaller('user');
    });
    afterEach(() => {
      caller.remove();
      expect([FOLDER, POLICY].filter((path) => existsSync(path))).toEqual([]);
    });

    const environment = (more: Readonly<Record<string, string>>) => ({
      ...caller.env,
      SANDBOXER_HOME: caller.home,
      ...more,
    });
    const beside = (answer: string, command: readonly string[]): readonly [string, ...string[]] => [
      'sh',
      WITH_POLKIT,
      answer,
      ...command,
    ];

    /** Without a terminal: setsid(1) takes that of the tests away. */
    async function piped(answer: string, command: readonly string[], more: Readonly<Record<string, string>> = {}) {
      const args = ['--wait', ...beside(answer, command)];
      const options = { cwd: caller.workspace, env: environment(more), extendEnv: false, reject: false } as const;
      const { exitCode, stdout, stderr } = await execa('setsid', args, { ...options, stdin: 'ignore' });
      return { status: exitCode, output: `${stdout}\n${stderr}` };
    }

    function typed(
      answer: string,
      command: readonly string[],
      type: readonly string[],
      more: Readonly<Record<string, string>> = {},
    ) {
      const words = beside(answer, onTerminalWords(command));
      return typing(words, { when: /password[^\n]*: $|Password: $|# $/, type }, environment(more));
    }

    /** Ends the command, which asks for a password by a program of this name, and nothing else. */
    async function givenUpWhileAsking(program: string, answer: string, more: Readonly<Record<string, string>> = {}) {
      const asked = typed(answer, unshared(...NEEDS_ROOT), [], more);
      await until(
        'the question',
        async () => (await execa('pgrep', ['-x', program], { reject: false })).exitCode === 0,
      );
      await execa('pkill', ['--signal', 'TERM', '-f', `^${process.execPath} ${CLI} ${NEEDS_ROOT.join(' ')}`]);
      const { status, output } = await asked;
      expect({ status, ran: output.includes('it ran') }).toEqual({ status: 143, ran: false });
      expect(sandboxFolders(caller)).toEqual([]);
    }

    describe('by pkexec', () => {
      it('is no longer asked for where the command is ended meanwhile', () =>
        givenUpWhileAsking('pkexec', 'auth_admin'));

      it('is given where polkit grants it, and said to be for what', async () => {
        const { status, output } = await piped('yes', unshared(...NEEDS_ROOT));
        expect(status).toBe(0);
        expect(output).toMatch(/^it ran$/m);
        expect(output).toMatch(asRoot);
        expect(output).toContain('The limits of this sandbox can be set by root alone here');
      });

      it('is not given where polkit refuses it', async () => {
        const { status, output } = await piped('no', unshared(...NEEDS_ROOT));
        expect(status).toBe(125);
        expect(output).toContain(
          'The helper was not authorised (Error executing command as another user: Not authorized)',
        );
      });

      it('cannot be had where nobody asks for the password', async () => {
        const { status, output } = await piped('auth_admin', unshared(...NEEDS_ROOT));
        expect(status).toBe(125);
        expect(output).toContain("Nobody can ask for the administrator's password here");
      });

      it('cannot be had where there is no bus, and the reason is told', async () => {
        const hidden = ['unshare', '--mount', 'sh', '-c', 'mount -t tmpfs tmpfs /run/dbus && exec "$@"', 'sh'];
        const asUser = ['setpriv', '--reuid', '47000', '--regid', '47000', '--clear-groups', '--'];
        const [file = '', ...args] = [...hidden, ...asUser, ...unshared(...NEEDS_ROOT)];
        const options = { cwd: caller.workspace, env: environment({}), extendEnv: false, reject: false } as const;
        const { exitCode, stderr } = await execa(file, args, { ...options, stdin: 'ignore' });
        expect(stderr).toMatch(/The helper was not authorised \(.*Could not connect.*\)/);
        expect(exitCode).toBe(125);
      });

      it('is given to whoever types the password on a terminal', async () => {
        const { status, output } = await typed('auth_admin', unshared(...NEEDS_ROOT), ['right password\n']);
        expect(output).toMatch(asRoot);
        expect({ status, ran: output.includes('it ran') }).toEqual({ status: 0, ran: true });
        expect(output).not.toContain('right password');
      });

      it('is not given for a wrong password', async () => {
        const { status, output } = await typed('auth_admin', unshared(...NEEDS_ROOT), [
          'wrong\n',
          'wrong\n',
          'wrong\n',
        ]);
        expect(status).toBe(125);
        expect(output).toContain('The helper was not authorised');
      });

      it('is left when the question is', async () => {
        const { status, output } = await typed('auth_admin', unshared(...NEEDS_ROOT), ['\x03']);
        expect(status).not.toBe(0);
        expect(output).not.toMatch(asRoot);
      });
    });

    describe('by sudo, where there is no pkexec', () => {
      const sudo = (rule: string) => ({ WITHOUT_PKEXEC: '1', SUDOERS: rule });
      const FREE = sudo('sandboxer ALL=(ALL) NOPASSWD: ALL');
      const ASKED = sudo('sandboxer ALL=(ALL) ALL');

      it('is no longer asked for where the command is ended meanwhile', () => givenUpWhileAsking('sudo', 'no', ASKED));

      it('is given where sudoers grant it without a password', async () => {
        const { status, output } = await piped('no', unshared(...NEEDS_ROOT), FREE);
        expect(output).toMatch(asRoot);
        expect(status).toBe(0);
      });

      it('cannot be had where nobody asks for the password', async () => {
        const { status, output } = await piped('no', unshared(...NEEDS_ROOT), ASKED);
        expect(status).toBe(125);
        expect(output).toContain('sudo needs a password, and there is nobody to ask for it');
      });

      it('is given to whoever types the password on a terminal', async () => {
        const { status, output } = await typed('no', unshared(...NEEDS_ROOT), ['right password\n'], ASKED);
        expect(output).toMatch(asRoot);
        expect(status).toBe(0);
      });

      it('is not given for a wrong password', async () => {
        const wrong = ['wrong\n', 'wrong\n', 'wrong\n'];
        const { status, output } = await typed('no', unshared(...NEEDS_ROOT), wrong, ASKED);
        expect(status).toBe(125);
        expect(output).toContain('The helper was not authorised');
      });

      it('is not given to whom sudoers do not name', async () => {
        const { status, output } = await typed(
          'no',
          unshared(...NEEDS_ROOT),
          ['right password\n'],
          sudo('root ALL=(ALL) ALL'),
        );
        expect(status).toBe(125);
        expect(output).toMatch(/The helper was not authorised \(.*sudoers/);
      });
    });

    /** Runs the driver, and returns what happened; `more` are variables of with-polkit.sh. */
    async function driven(
      answer: string,
      { helperFile = HELPER, signal = '-', passwords = [] }: Drive,
      more: Readonly<Record<string, string>>,
    ): Promise<readonly string[]> {
      const { output } = await piped(
        answer,
        [
          'env',
          `AGENT=${more.AGENT ?? ''}`,
          process.execPath,
          join(programs, 'driver.mjs'),
          helperFile,
          signal,
          ...passwords,
        ],
        more,
      );
      expect(output).toMatch(/^\[.*\]$/m);
      return JSON.parse(/^\[.*\]$/m.exec(output)?.[0] ?? '[]') as string[];
    }

    describe('by pkexec on a desktop, whose agent asks in a dialog', () => {
      it('is left when that is closed, which is told from a refusal', async () => {
        const said = ['for limits', 'asked by a dialog', 'helperDismissed'];
        expect(await driven('auth_admin', {}, { AGENT: 'dialog' })).toEqual(said);
      });
    });

    describe('by pkexec in a window, which opens a terminal for the password', () => {
      it('is left when that terminal is closed', async () => {
        const said = ['for limits', 'asked on the terminal', 'helperDismissed'];
        expect(await driven('auth_admin', {}, { AGENT: 'closed' })).toEqual(said);
      });

      it('is given for the right password there', async () => {
        const said = ['for limits', 'asked on the terminal', ...WORKED];
        expect(await driven('auth_admin', {}, { AGENT: 'right password' })).toEqual(said);
      });
    });

    describe('by sudo in a window, which asks for the password itself', () => {
      const ASKED = { WITHOUT_PKEXEC: '1', SUDOERS: 'sandboxer ALL=(ALL) ALL' };

      it('is given for the right password, and asked for again after a wrong one', async () => {
        const passwords = ['wrong', 'right password'];
        expect(await driven('no', { passwords }, ASKED)).toEqual(['for limits', 'asked', 'asked again', ...WORKED]);
      });

      it('is not given after three wrong ones', async () => {
        const passwords = ['wrong', 'wrong', 'wrong', 'right password'];
        const said = ['for limits', 'asked', 'asked again', 'asked again', 'helperNotAuthorized'];
        expect(await driven('no', { passwords }, ASKED)).toEqual(said);
      });

      it('is left where no password is given', async () => {
        expect(await driven('no', {}, ASKED)).toEqual(['for limits', 'asked', 'helperDismissed']);
      });
    });

    describe('with the installed helper', () => {
      const install = `${process.execPath} ${CLI} helper install`;
      const line = (text: string): readonly string[] => ['sh', '-c', text.replaceAll('unshared', unshared().join(' '))];

      it('is installed and removed by the command, whole', async () => {
        const run = `unshared ${NEEDS_ROOT.map((word) => `'${word}'`).join(' ')}`;
        const steps = `unshared helper install && unshared helper status && ${run} && unshared helper remove && unshared helper status; ls ${FOLDER} ${POLICY}`;
        const { output } = await piped('yes', line(steps));
        expect(output).toMatch(/is installed and of this version[^]*it ran[^]*No helper is installed/);
        expect(output).toMatch(new RegExp(`cannot access '${FOLDER}'[^]*cannot access '${POLICY}'`));
      });

      it('is given by its own action', async () => {
        expect(await driven('own', {}, {})).toEqual(['for limits', 'helperNotAuthorized']);
        expect(await driven('own', {}, { ROOT_FIRST: install })).toEqual(['for limits', ...WORKED]);
      });

      it.each([
        ['looked at again by the installed program', install],
        ['by nsenter alone without it', ':'],
      ])('opens a root shell in namespaces of root’s, %s', async (_, first) => {
        const target = spawn('unshare', ['--net', 'sleep', '100']);
        try {
          const pid = target.pid ?? 0;
          await until('its namespace', () => netOf(pid) !== netOf('self'));
          const namespaces = [['net', Number(/\d+/.exec(netOf(pid))?.[0])]] as const;
          const enter = `${FOLDER}/enter`;
          const installed =
            first === ':' ? ({ state: 'none' } as const) : ({ state: 'current', helper: '', enter } as const);
          const { file, args } = enterAsRootCommand({ pid, namespaces }, installed).command;
          const type = ['right password\n', 'readlink /proc/self/ns/net; id -u; exit 7\n'];
          const { status, output } = await typed('auth_admin', [file, ...args], type, { ROOT_FIRST: first });
          expect(output).toContain(`${netOf(pid)}\n0\n`);
          expect(status).toBe(7);
        } finally {
          target.kill('SIGKILL');
        }
      });

      it('opens none where nobody gives the password, or the dialog is closed, and says which', async () => {
        const namespaces = [['net', undefined]] as const;
        const { file, args } = enterAsRootCommand({ pid: process.pid, namespaces }, { state: 'none' }).command;
        const refused = await piped('auth_admin', [file, ...args]);
        expect([refused.status, refused.output.includes('Root was not authorised')]).toEqual([127, true]);
        const beside = [process.execPath, join(programs, 'beside-dialog.mjs'), args[1] ?? ''];
        const closed = await piped('auth_admin', beside);
        expect(closed.status).toBe(126);
        expect(closed.output).toMatch(/^asked by a dialog$[^]*^The question for the password was dismissed/m);
      });

      it('is not its, where it is of another version', async () => {
        const helperFile = join(caller.workspace, 'helper.cjs');
        copyFileSync(HELPER, helperFile);
        appendFileSync(helperFile, '// another\n');
        copyFileSync(join(dirname(HELPER), 'enter.sh'), join(caller.workspace, 'enter.sh'));
        const said = ['passed over: otherVersion', 'for limits', ...WORKED];
        expect(await driven('yes', { helperFile }, { ROOT_FIRST: install })).toEqual(said);
      });

      it.each([
        ['it can be written to', `chmod o+w ${FOLDER}/helper.cjs`],
        ['it is not root’s', `chown 47000 ${FOLDER}/enter`],
        ['a file is missing', `rm ${FOLDER}/helper`],
      ])('is not its, where %s', async (_, harm) => {
        const said = ['passed over: damaged', 'for limits', ...WORKED];
        expect(await driven('yes', {}, { ROOT_FIRST: `${install} && ${harm}` })).toEqual(said);
      });

      it('stays while its action is removed under its feet; the next is the bundled one, and that is said', async () => {
        const signal = join(caller.workspace, 'signal');
        const removing = `(until [ -e ${signal} ]; do sleep 0.02; done; rm ${POLICY} ${signal}) &`;
        const said = await driven('yes', { signal }, { ROOT_FIRST: `${install}; ${removing}` });
        const twice = [...WORKED.slice(0, -1), ...WORKED.slice(1)];
        expect(said).toEqual(['for limits', ...twice, 'passed over: damaged', 'for limits', ...WORKED]);
      });

      it('is refused where the copy is not what was looked at, and nothing of it is left', async () => {
        const harm = `mkdir ${caller.workspace}/d && cp ${dirname(HELPER)}/*.sh ${HELPER} ${caller.workspace}/d`;
        const script = `sh ${caller.workspace}/d/install.sh ${process.execPath} ${caller.workspace}/d/helper.cjs 0000 ${caller.workspace}/d/enter.sh 0000`;
        const { output } = await piped('yes', line(`ls ${FOLDER} ${POLICY}`), {
          ROOT_FIRST: `${harm}; ${script} 2>${caller.workspace}/said || :`,
        });
        expect(readFileSync(join(caller.workspace, 'said'), 'utf8')).toContain('has changed since it was looked at');
        expect(output).toMatch(new RegExp(`cannot access '${FOLDER}'[^]*cannot access '${POLICY}'`));
      });

      describe('with a VS Code as the runtime, which is a Node only when told so', () => {
        const CODE = '/usr/libexec/editor/code';
        const electron = `#!/bin/sh\n[ "$ELECTRON_RUN_AS_NODE" = 1 ] || exit 9\nexec ${process.execPath} "$@"`;
        const editor = `mkdir ${dirname(CODE)} && printf '%s\\n' '${electron}' >${CODE} && chmod 755 ${CODE} && : >${CODE}.pak`;
        const copies = [HELPER, join(dirname(HELPER), 'enter.sh')].map(
          (file) => `${file} $(sha256sum <${file} | cut -d ' ' -f 1)`,
        );
        const installWith = `sh ${dirname(HELPER)}/install.sh ${CODE} ${copies.join(' ')}`;

        it('starts, by its own action', async () => {
          const said = ['for limits', ...WORKED];
          expect(await driven('own', {}, { ROOT_FIRST: `${editor} && ${installWith}` })).toEqual(said);
        });

        it.each([
          ['somebody else owns', `chown 47000 ${dirname(CODE)}`, `${dirname(CODE)} belongs to another user than root`],
          ['others can write to', `chmod g+w ${dirname(CODE)}`, `others than root can write to ${dirname(CODE)}`],
          ['with a file that others can write to', `chmod o+w ${CODE}.pak`, `can write to ${CODE}.pak`],
          ['with a file of somebody else', `chown 47000 ${CODE}.pak`, `can write to ${CODE}.pak`],
        ])('is refused in a folder %s', async (_, harm, reason) => {
          const said = join(caller.workspace, 'said');
          const { output } = await piped('yes', line(`ls ${FOLDER} ${POLICY}`), {
            ROOT_FIRST: `${editor} && ${harm} && ! ${installWith} 2>${said}`,
          });
          expect(readFileSync(said, 'utf8')).toContain(reason);
          expect(output).toMatch(new RegExp(`cannot access '${FOLDER}'[^]*cannot access '${POLICY}'`));
        });

        it('runs the bundled helper too', async () => {
          const copy = join(caller.workspace, 'code');
          copyFileSync(process.execPath, copy);
          const words = ['env', 'AGENT=', copy, join(programs, 'driver.mjs'), HELPER];
          expect((await piped('yes', words)).output).toContain(JSON.stringify(['for limits', ...WORKED]));
        });
      });

      it.each([
        ['a folder that others can write to', `chmod o+w /usr/libexec`, 'others than root can write to /usr/libexec'],
        ['no folder for actions', `mount -t tmpfs tmpfs /usr/share/polkit-1`, 'there is no folder /usr/share/polkit-1'],
        ['a read-only system', `mount -o remount,bind,ro /usr/libexec`, '/usr/libexec is read-only'],
      ])('is refused where there is %s', async (_, harm, reason) => {
        const { status, output } = await piped('yes', unshared('helper', 'install'), { ROOT_FIRST: harm });
        expect(output).toContain(`The helper cannot be installed: `);
        expect(output).toContain(reason);
        expect(status).toBe(125);
      });
    });
  },
);

const netOf = (pid: number | 'self'): string => readlinkSync(`/proc/${pid}/ns/net`);

interface Drive {
  readonly helperFile?: string;
  readonly signal?: string;
  readonly passwords?: readonly string[];
}

/** What the driver says of one helper that has started, has done its work, and was stopped. */
const WORKED = ['runs', 'made the cgroups', 'removed the cgroups', 'ended'];

async function bundlePrograms(outdir: string): Promise<void> {
  await build({
    entryPoints: ['driver', 'beside-dialog'].map((name) => `test/elevation/${name}.ts`),
    bundle: true,
    platform: 'node',
    format: 'esm',
    mainFields: ['module', 'main'],
    outdir,
    outExtension: { '.js': '.mjs' },
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    logLevel: 'error',
  });
}
