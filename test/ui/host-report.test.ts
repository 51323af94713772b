import { expect, it } from 'vitest';
import { hostReportText } from '../../src/ui/host-report.ts';

const ok = { id: 'kernel', status: 'ok', text: 'Kernel 6.1' } as const;
const limited = { id: 'memory.max', status: 'limited', text: 'memory.max needs the helper' } as const;
const missing = { id: 'unshare', status: 'missing', text: 'unshare is missing' } as const;

it('begins with the verdict and marks each line', () => {
  expect(hostReportText({ lines: [ok, limited] })).toBe(
    'Sandboxes work on this host, with limits (!).\n\n✓ Kernel 6.1\n! memory.max needs the helper\n',
  );
  expect(hostReportText({ lines: [ok] })).toMatch(/^Sandboxes work on this host\.\n/);
  expect(hostReportText({ lines: [ok, missing] })).toMatch(/^Something that sandboxes need is missing on this host/);
});
