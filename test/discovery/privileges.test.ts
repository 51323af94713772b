import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parsePrivileges, readPrivileges } from '../../src/discovery/privileges.ts';
import { capabilityNames, CAPABILITIES } from '../../src/model/capabilities.ts';

it('are read of this process as the kernel prints them', () => {
  const status = readFileSync('/proc/self/status', 'latin1');
  const { capabilities, noNewPrivs } = readPrivileges(process.pid) ?? expect.fail('not read');
  expect(status).toContain(`CapBnd:\t${capabilities.bounding.toString(16).padStart(16, '0')}`);
  expect(status).toContain(`NoNewPrivs:\t${noNewPrivs ? 1 : 0}`);
});

it('are not known of what has ended, or is cut off', () => {
  expect(readPrivileges(2 ** 22 + 1)).toBeUndefined();
  expect(parsePrivileges('Name:\tx\nCapInh:\t0000000000000000\n')).toBeUndefined();
});

it('throw at no text', () => {
  const status = readFileSync('/proc/self/status', 'latin1');
  const cut = fc.nat({ max: status.length }).map((length) => status.slice(0, length));
  fc.assert(fc.property(fc.oneof(cut, fc.string({ unit: 'binary' })), (text) => void parsePrivileges(text)));
});

it('have a name for each capability of this kernel', () => {
  const last = Number(readFileSync('/proc/sys/kernel/cap_last_cap', 'utf8'));
  expect(CAPABILITIES.length).toBeGreaterThan(last);
  expect(capabilityNames(0x2000n | 0x1n)).toEqual(['chown', 'net_raw']);
  expect(capabilityNames(1n << 63n)).toEqual(['63']);
  expect(capabilityNames(0n)).toEqual([]);
});
