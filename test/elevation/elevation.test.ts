import { execa } from 'execa';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findProgram } from '../../src/host/programs.ts';
import { onTerminalWords, typing } from '../support/on-terminal.ts';
import { CLI, isRoot, makeCaller, type Caller } from '../support/unshared.ts';

const WITH_POLKIT = resolve('test/support/with-polkit.sh');
const missing = ['pkexec', 'pkttyagent', 'dbus-daemon', 'script', 'sudo'].filter((name) => !findProgram(name));
const FOLDER = '/usr/libexec/namespace-sandboxes';
const POLICY = '/usr/share/polkit-1/actions/namespace-sandboxes.policy';
const NEEDS_ROOT = ['run', '--limit', 'pids.max=50', '--', 'echo', 'it ran'];
const unshared = (...args: readonly string[]): readonly string[] => [process.execPath, CLI, ...args];
const asRoot = /as root: made the cgroups/;

describe.skipIf(!isRoot || missing.length > 0)(
  `root for a user, beside a real polkit or sudo (needs root; missing: ${missing.join(' ') || 'nothing'})`,
  () => {
    let caller: Caller;
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
    const beside = (answer: string, command: readonly string[]) => ['sh', WITH_POLKIT, answer, ...command];

    /** Without a terminal: setsid(1) takes that of the tests away. */
    async function piped(answer: string, command: readonly string[], more: Readonly<Record<string, string>> = {}) {
      const [file = '', ...args] = ['setsid', '--wait', ...beside(answer, command)];
      const options = { cwd: caller.workspace, env: environment(more), extendEnv: false, reject: false } as const;
      const { exitCode, stdout, stderr } = await execa(file, args, { ...options, stdin: 'ignore' });
      return { status: exitCode, output: `${stdout}\n${stderr}` };
    }

    function typed(
      answer: string,
      command: readonly string[],
      type: readonly string[],
      more: Readonly<Record<string, string>> = {},
    ) {
      const words = beside(answer, onTerminalWords(command));
      return typing(words, { when: /password[^\n]*: $|Password: $/, type }, environment(more));
    }

    describe('by pkexec', () => {
      it('is given where polkit grants it, and said to be for what', async () => {
        const { status, output } = await piped('yes', unshared(...NEEDS_ROOT));
        expect({ status, output }).toEqual({ status: 0, output: expect.stringMatching(/^it ran$/m) });
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

    describe('with the installed helper', () => {
      const line = (text: string): readonly string[] => ['sh', '-c', text.replaceAll('unshared', unshared().join(' '))];

      it('is given by its own action, and every file of it can be removed', async () => {
        const run = `unshared ${NEEDS_ROOT.map((word) => `'${word}'`).join(' ')}`;
        const steps = `unshared helper install && unshared helper status && ${run} && unshared helper remove && unshared helper status; ls ${FOLDER} ${POLICY}`;
        const { output } = await piped('yes', line(steps));
        expect(output).toMatch(/is installed and of this version[^]*it ran[^]*No helper is installed/);
        expect(output).toMatch(new RegExp(`cannot access '${FOLDER}'[^]*cannot access '${POLICY}'`));
      });
    });
  },
);
