import { createServer, type AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startInspector, type Inspector } from '../../../src/discovery/details/client.ts';
import { takeSnapshot } from '../../../src/discovery/snapshot.ts';
import { hostname } from 'node:os';

let inspector: Inspector;
beforeEach(() => {
  inspector = startInspector(resolve('dist/inspection-worker.cjs'));
});
afterEach(() => inspector.dispose());

const own = (type: string) =>
  takeSnapshot().namespaces.find((one) => one.type === type && one.pids.includes(process.pid)) ??
  expect.fail(`no ${type} namespace`);

it('answers every question that is under way', async () => {
  const answers = await Promise.all([inspector.details(own('uts')), inspector.details(own('pid'))]);
  expect(answers).toEqual([{ details: { type: 'uts', hostname: hostname() } }, { details: { type: 'pid' } }]);
});

it('says who listens on a port', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  try {
    await new Promise((listening) => server.once('listening', listening));
    const { port } = server.address() as AddressInfo;
    const network = own('net');
    expect((await inspector.listeners([network])).filter((one) => one.port === port)).toEqual([
      { protocol: 'tcp', address: '127.0.0.1', port, network: network.inode, pids: [process.pid] },
    ]);
  } finally {
    server.close();
  }
});

it('rejects what is under way when it is disposed, and starts anew', async () => {
  const answer = expect(inspector.details(own('uts'))).rejects.toThrow('has ended');
  inspector.dispose();
  await answer;
  expect(await inspector.details(own('uts'))).toHaveProperty('details');
});
