import { writeSync } from 'node:fs';

/** What `run.mjs` reads: the port of the machine, opened before. */
const OUTCOMES = 3;

/** Turns what vitest says into one line of JSON a test, as soon as it has ended, and a last line `{"end":true}`. */
export default class Outcomes {
  /** @param {import('vitest/node').TestCase} test */
  onTestCaseResult(test) {
    say(outcome(test));
  }

  /** @param {import('vitest/node').TestModule} testModule */
  onTestModuleEnd(testModule) {
    for (const error of testModule.errors()) say(failure(testModule.relativeModuleId, [error]));
    for (const suite of testModule.children.allSuites()) {
      if (suite.errors().length > 0) say(failure(suite.fullName, suite.errors()));
    }
  }

  /**
   * @param {readonly import('vitest/node').TestModule[]} _
   * @param {readonly import('vitest').SerializedError[]} unhandled
   */
  onTestRunEnd(_, unhandled) {
    if (unhandled.length > 0) say(failure('the tests against the kernel', unhandled));
    say({ end: true });
  }
}

/** @param {import('vitest/node').TestCase} test */
function outcome(test) {
  const { state, errors = [] } = test.result();
  if (state === 'failed') return failure(titleOf(test), errors);
  return { title: titleOf(test), state: state === 'passed' ? 'passed' : 'skipped', detail: '' };
}

/** The same test runs outside. @param {import('vitest/node').TestCase} test */
function titleOf({ fullName }) {
  return `in the virtual machine: ${fullName}`;
}

/**
 * @param {string} title
 * @param {readonly import('vitest').SerializedError[]} errors
 */
function failure(title, errors) {
  return { title, state: 'failed', detail: errors.map(({ stack, message }) => stack ?? message).join('\n') };
}

/** @param {object} line */
function say(line) {
  writeSync(OUTCOMES, `${JSON.stringify(line)}\n`);
}
