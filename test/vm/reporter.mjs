/**
 * Turns what node:test says (its `test:` events) into one line of JSON a test, and a last line `{"end":true}`.
 * @param {AsyncIterable<{ type: string, data: TestEvent }>} events
 * @typedef {{ name: string, nesting: number, skip?: string | boolean, details?: { type?: string, error?: Error } }} TestEvent
 */
export default async function* outcomes(events) {
  /** @type {string[]} */
  const groups = [];
  for await (const { type, data } of events) {
    if (type === 'test:start') groups[data.nesting] = data.name;
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const failed = type === 'test:fail';
    if (data.details?.type === 'suite' && !isOwnFailure(failed, data)) continue;
    yield `${JSON.stringify(outcome(failed, groups, data))}\n`;
  }
  yield `${JSON.stringify({ end: true })}\n`;
}

/**
 * A group fails with each of its tests, which tell it themselves.
 * @param {boolean} failed
 * @param {TestEvent} event
 */
function isOwnFailure(failed, { details }) {
  return failed && !/subtests? failed/.test(details?.error?.message ?? '');
}

/**
 * @param {boolean} failed
 * @param {readonly string[]} groups
 * @param {TestEvent} event
 */
function outcome(failed, groups, { name, nesting, skip, details }) {
  const title = [...groups.slice(0, nesting), name].join(' ');
  if (failed) return { title, state: 'failed', detail: messageOf(details?.error) };
  if (skip === undefined || skip === false) return { title, state: 'passed', detail: '' };
  return { title, state: 'skipped', detail: typeof skip === 'string' ? skip : '' };
}

/** node:test wraps what was thrown. @param {Error | undefined} error */
function messageOf(error) {
  const told = error?.cause instanceof Error ? error.cause : error;
  return told?.stack ?? told?.message ?? '';
}
