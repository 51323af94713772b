import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';

/**
 * @typedef {object} SuiteMessage What runner.mjs says, one JSON object a line.
 * @property {'started' | 'output' | 'ask' | 'ended'} type
 * @property {'stdout' | 'stderr'} [stream] of output
 * @property {string} [text] of output
 * @property {number} [id] of a question, repeated in its answer
 * @property {string} [action] of a question
 * @property {readonly string[]} [args] of a question
 * @property {boolean} [passed] at the end
 *
 * @typedef {object} SuiteAnswer What it gets for a question.
 * @property {number} id
 * @property {unknown} [value]
 * @property {string} [error]
 *
 * @typedef {(action: string, args: readonly string[]) => Promise<unknown>} Act
 */

/**
 * Listens for the suite that runs in the extension host, and answers what it asks.
 * @param {string} socket
 * @param {Act} act
 * @returns {{ started: Promise<unknown>, ended: Promise<'passed' | 'failed' | 'lost'>, close: () => void }} `lost` is
 *   an extension host that was gone before its suite had ended.
 */
export function listenForSuite(socket, act) {
  const events = new EventEmitter();
  const started = once(events, 'started');
  /** @type {Promise<'passed' | 'failed' | 'lost'>} */
  const ended = new Promise((resolve) => events.once('ended', resolve));
  const server = createServer((connection) => {
    connection.on('error', () => undefined);
    connection.on('close', () => events.emit('ended', 'lost'));
    createInterface(connection).on('line', (line) => {
      const message = /** @type {SuiteMessage} */ (parsed(line));
      if (message.type === 'started') events.emit('started');
      else if (message.type === 'output') process[message.stream ?? 'stdout'].write(message.text ?? '');
      else if (message.type === 'ended') events.emit('ended', message.passed ? 'passed' : 'failed');
      else void answer(connection, message, act);
    });
  });
  server.listen(socket);
  return { started, ended, close: () => void server.close() };
}

/**
 * @param {import('node:net').Socket} connection
 * @param {SuiteMessage} question
 * @param {Act} act
 */
async function answer(connection, { id, action = '', args = [] }, act) {
  const result = await act(action, args).then(
    (value) => ({ value: value ?? null }),
    (/** @type {unknown} */ error) => ({ error: String(error) }),
  );
  connection.write(`${JSON.stringify({ id, ...result })}\n`);
}

/**
 * @param {string} line
 * @returns {unknown}
 */
export function parsed(line) {
  return JSON.parse(line);
}
