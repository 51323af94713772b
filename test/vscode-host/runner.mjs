// Runs in the extension host in the place of a suite: connects to code.mjs, hands it all output, and runs the suite.
import { once } from 'node:events';
import { connect } from 'node:net';
import { env } from 'node:process';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { format } from 'node:util';
import { parsed } from './suite-link.mjs';

/**
 * @typedef {import('./suite-link.mjs').SuiteMessage} SuiteMessage
 * @typedef {import('./suite-link.mjs').SuiteAnswer} SuiteAnswer
 * @typedef {{ run?: () => Promise<void> }} Suite
 */

/** What VS Code calls. @returns {Promise<void>} rejects if the suite fails. */
export async function run() {
  const connection = connect(env.VSCODE_HOST_SOCKET ?? '');
  await once(connection, 'connect');
  /** @param {SuiteMessage} message */
  const send = (message) => connection.write(`${JSON.stringify(message)}\n`);
  send({ type: 'started' });
  redirectOutput(send);
  Object.assign(globalThis, { vscShim: pageActions(connection, send) });
  /** @param {boolean} passed */
  const end = (passed) =>
    new Promise((resolve) =>
      connection.end(`${JSON.stringify({ type: 'ended', passed })}\n`, () => resolve(undefined)),
    );
  try {
    await runSuite(env.VSCODE_HOST_TESTS ?? '');
    await end(true);
  } catch (error) {
    send({ type: 'output', stream: 'stderr', text: `${format(error)}\n` });
    await end(false);
    throw error;
  }
}

/** @param {string} path */
async function runSuite(path) {
  /** @type {unknown} */
  const module = await import(pathToFileURL(path).href);
  const suite = /** @type {Suite & { default?: Suite }} */ (module);
  const start = suite.run ?? suite.default?.run;
  if (!start) throw new Error(`${path} exports no run()`);
  await start();
}

/**
 * What a suite may do to the page of the workbench.
 * @param {import('node:net').Socket} connection
 * @param {(message: SuiteMessage) => void} send
 */
function pageActions(connection, send) {
  /** @type {Map<number, (answer: SuiteAnswer) => void>} */
  const waiting = new Map();
  createInterface(connection).on('line', (line) => {
    const answer = /** @type {SuiteAnswer} */ (parsed(line));
    waiting.get(answer.id)?.(answer);
    waiting.delete(answer.id);
  });
  let last = 0;
  /** @param {string} action */
  const asking =
    (action) =>
    (/** @type {readonly string[]} */ ...args) =>
      new Promise((resolve, reject) => {
        const id = ++last;
        waiting.set(id, ({ value, error }) => (error === undefined ? resolve(value) : reject(new Error(error))));
        send({ type: 'ask', id, action, args });
      });
  return {
    screenshot: asking('screenshot'),
    evaluate: asking('evaluate'),
    press: asking('press'),
    click: asking('click'),
  };
}

/**
 * The extension host has made accessors of these that ignore assignments.
 * @param {(message: SuiteMessage) => void} send
 */
function redirectOutput(send) {
  for (const stream of /** @type {const} */ (['stdout', 'stderr'])) {
    const write = (/** @type {string} */ text) => send({ type: 'output', stream, text });
    define(process, stream, textStream(write));
    for (const name of stream === 'stdout' ? ['log', 'info', 'debug'] : ['warn', 'error'])
      define(console, name, (/** @type {unknown[]} */ ...values) => write(`${format(...values)}\n`));
  }
}

/** @param {(text: string) => unknown} write */
function textStream(write) {
  return new Writable({
    write: (chunk, _, done) => {
      write(String(chunk));
      done();
    },
  });
}

/**
 * @param {object} owner
 * @param {string} name
 * @param {unknown} value
 */
function define(owner, name, value) {
  Object.defineProperty(owner, name, { value, writable: true, configurable: true, enumerable: true });
}
