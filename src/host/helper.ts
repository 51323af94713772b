import { existsSync, statSync } from 'node:fs';
import { isatty } from 'node:tty';
import { CONTROLLERS, type HostLine } from '../model/host.ts';
import type { HelperResults } from '../protocol/helper.ts';
import { attempt } from './attempt.ts';
import { fix, installFix } from './fixes.ts';
import { found, line } from './line.ts';
import { asRoot, findProgram } from './programs.ts';

/** What a helper that runs says of this host. */
export type HelperView = HelperResults['host'];

/** Whether the helper, which does as root what the kernel refuses a user, can be started, and what it lacks if it runs. */
export async function helperLines(uid: number, running: HelperView | undefined): Promise<readonly HostLine[]> {
  return [...(await startLines(uid)), ...(running === undefined ? [] : [runningLine(running)])];
}

/** Programs that are not there, or not root's alone, and controllers that are mounted nowhere. */
export function runningLine({ programs, hierarchies }: HelperView): HostLine {
  const absent = Object.entries(programs).filter(([, path]) => path === null);
  const mounted = hierarchies.flatMap((hierarchy) => hierarchy.controllers.map(asOnUnified));
  const lacking = CONTROLLERS.filter((controller) => !mounted.includes(controller));
  if (absent.length + lacking.length === 0) return line('helper-running', 'ok', found('helperRuns', {}));
  const names = absent.map(([name]) => name);
  return line('helper-running', 'limited', found('helperLacks', { programs: names, controllers: lacking }));
}

/** cgroup v1 calls the controller `blkio` (cgroup-v2.rst, "IO"). */
const asOnUnified = (name: string): string => (name === 'blkio' ? 'io' : name);

/** pkexec(1), polkit(8). */
async function startLines(uid: number): Promise<readonly HostLine[]> {
  if (uid === 0) return [line('helper', 'ok', found('helperAsRoot', {}))];
  const pkexec = findProgram('pkexec');
  if (pkexec === undefined)
    return [
      line('pkexec', 'missing', found('programMissing', { program: 'pkexec' }, installFix('pkexec'))),
      sudoLine(),
    ];
  return [pkexecLine(pkexec), await polkitLine(), agentLine(process.env), sudoLine()];
}

function pkexecLine(path: string): HostLine {
  if ((statSync(path).mode & 0o4000) !== 0) return line('pkexec', 'ok', found('pkexec', {}));
  return line(
    'pkexec',
    'missing',
    found('pkexecPowerless', { path }, fix('makeSetuid', [asRoot(`chmod u+s ${path}`)])),
  );
}

/** The authority answers on the system bus, which starts it where it does not run. */
async function polkitLine(): Promise<HostLine> {
  const { ok, reason } = await attempt(['pkaction', '--action-id', 'org.freedesktop.policykit.exec']);
  if (ok) return line('polkit', 'ok', found('polkit', {}));
  const systemd = existsSync('/run/systemd/system');
  const start = systemd ? 'systemctl start dbus polkit' : 'dbus-daemon --system --fork';
  return line('polkit', 'missing', found('polkitSilent', { reason }, fix('startPolkit', [asRoot(start)])));
}

/** Who asks for the password: a desktop's agent, or pkexec itself on a terminal. No program can ask who has registered. */
function agentLine(env: NodeJS.ProcessEnv): HostLine {
  const desktop = env.WAYLAND_DISPLAY !== undefined || env.DISPLAY !== undefined;
  if (desktop) return line('agent', 'ok', found('agent', { kind: 'desktop' }));
  if (isatty(0)) return line('agent', 'ok', found('agent', { kind: 'terminal' }));
  return line('agent', 'limited', found('agentMissing', {}, fix('useTerminal')));
}

function sudoLine(): HostLine {
  if (findProgram('sudo') !== undefined) return line('sudo', 'ok', found('sudo', {}));
  return line('sudo', 'limited', found('sudoMissing', {}));
}
