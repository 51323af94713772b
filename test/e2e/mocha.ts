import { writeFileSync } from 'node:fs';
import Mocha, { type Runner, type Test } from 'mocha';

interface Outcome {
  readonly title: string;
  readonly state: 'passed' | 'failed' | 'skipped';
  /** Why it failed or was skipped, or how long it took. */
  readonly detail: string;
}

/** What VS Code calls: runs the bundled suites that E2E_SUITES names. Rejects if a test fails. */
export async function run(): Promise<void> {
  const mocha = new Mocha({ ui: 'bdd', timeout: 60_000, reporter: Lines });
  for (const file of words('E2E_SUITES')) mocha.addFile(file);
  await mocha.loadFilesAsync();
  const failures = await new Promise<number>((resolve) => mocha.run(resolve));
  if (failures > 0) throw new Error(`${failures} failed`);
}

/** Prints a line for each test, and writes all of them to the file E2E_OUTCOMES. */
class Lines extends Mocha.reporters.Base {
  readonly #outcomes: Outcome[] = [];

  constructor(runner: Runner) {
    super(runner);
    runner.on('pass', (test) => this.#add(test, 'passed', `${test.duration ?? 0} ms`));
    runner.on('pending', (test) => this.#add(test, 'skipped', skipReason(test)));
    runner.on('fail', (test: Test, error: Error) => this.#add(test, 'failed', error.stack ?? error.message));
    runner.once('end', () => writeFileSync(words('E2E_OUTCOMES')[0] ?? '', JSON.stringify(this.#outcomes)));
  }

  #add(test: Test, state: Outcome['state'], detail: string): void {
    const title = test.titlePath().join(' › ');
    this.#outcomes.push({ title, state, detail });
    console.log(`${state.padEnd(7)} ${title} (${detail})`);
  }
}

function skipReason(test: Test): string {
  return 'reason' in test ? String(test.reason) : 'no reason given';
}

function words(variable: string): readonly string[] {
  return (process.env[variable] ?? '').split(':');
}
