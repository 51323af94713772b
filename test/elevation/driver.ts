// What a test runs as an ordinary user: asks for the helper as a window would, with passwords from the command line, and prints
// what happened as JSON. driver HELPER_FILE SIGNAL PASSWORD…; "-" leaves the question open. Where SIGNAL is not "-", that file is
// made once the helper runs, and a second helper is asked for when it is gone.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { argv } from 'node:process';
import { agentCommand } from '../../src/elevation/agent-command.ts';
import type { Person, TerminalAgent } from '../../src/elevation/person.ts';
import { helperSession } from '../../src/elevation/session.ts';
import { ProblemError } from '../../src/model/problem.ts';
import { dismissingAgent } from './dismissing-agent.ts';
import { echoIsOff } from '../support/on-terminal.ts';
import { shellWords } from '../../src/sandbox/script/quote.ts';
import { until } from '../support/until.ts';

const [, , helperFile = '', signal = '-', ...passwords] = argv;
/** What is typed into pkttyagent(1); "closed" closes its terminal, and nothing is that there is none. "dialog" is a desktop's that is closed. */
const AGENT = process.env.AGENT ?? '';
const said: string[] = [];
const person: Person = {
  agrees: (purpose) => {
    said.push(`for ${purpose}`);
    return Promise.resolve(true);
  },
  askOnTerminal: () => (['', 'dialog'].includes(AGENT) ? Promise.resolve(undefined) : agentOnTerminal()),
  password: (again) => {
    said.push(again ? 'asked again' : 'asked');
    const next = passwords.shift() ?? '-';
    return Promise.resolve(next === '-' ? undefined : next);
  },
  passedOver: ({ state }) => said.push(`passed over: ${state}`),
};
const session = helperSession(helperFile, (line) => said.push(line.replace(/ \/.*/, '')), {
  person,
  onChange: (runs) => said.push(runs ? 'runs' : 'ended'),
});

try {
  if (AGENT === 'dialog') await dismissingAgent(() => said.push('asked by a dialog'));
  await useOne('first');
  if (signal !== '-') {
    writeFileSync(signal, '');
    await until('the signal to be taken', () => !existsSync(signal));
    await useOne('first');
    await stopped();
    await useOne('second');
  }
  await stopped();
} catch (error) {
  said.push(error instanceof ProblemError ? error.problems.map(({ code }) => code).join() : String(error));
}
process.stdout.write(`${JSON.stringify(said)}\n`);
process.exit();

/** pkttyagent(1) on a terminal of its own. */
async function agentOnTerminal(): Promise<TerminalAgent | undefined> {
  const command = await agentCommand();
  if (command === undefined) return undefined;
  const line = `tty; exec ${shellWords([command.file, ...command.args])}`;
  const terminal = spawn('script', ['--quiet', '--command', line, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const left = once(terminal, 'exit');
  void left.then(() => command.gone());
  let output = '';
  terminal.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    if (!output.endsWith('Password: ')) return;
    said.push('asked on the terminal');
    if (AGENT === 'closed') terminal.kill('SIGKILL');
    else void echoIsOff(/\/dev\/pts\/\d+/.exec(output)?.[0] ?? '').then(() => terminal.stdin.write(`${AGENT}\n`));
  });
  return (await command.registered) ? { left, dispose: () => void terminal.kill() } : undefined;
}

async function useOne(name: string): Promise<void> {
  const helper = await session.helper('limits');
  await helper.request('limits/make', { id: name, limits: { 'pids.max': 5 } });
  await helper.request('limits/remove', { id: name });
}

async function stopped(): Promise<void> {
  const helper = await session.running();
  session.dispose();
  await helper?.ended;
  await until('nothing to run', () => session.running() === undefined);
}
