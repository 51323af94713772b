import type { HostReport } from '../host/check.ts';

type Status = HostReport['lines'][number]['status'];

const MARKS: Readonly<Record<Status, string>> = { ok: '✓', limited: '!', missing: '✗' };

/** The report as text: a verdict, then a line for each thing that was tried. */
export function hostReportText({ lines }: HostReport): string {
  const body = lines.map(({ status, text }) => `${MARKS[status]} ${text}`);
  return [verdict(lines.map(({ status }) => status)), '', ...body, ''].join('\n');
}

function verdict(statuses: readonly Status[]): string {
  if (statuses.includes('missing')) return 'Something that sandboxes need is missing on this host (✗).';
  return statuses.includes('limited')
    ? 'Sandboxes work on this host, with limits (!).'
    : 'Sandboxes work on this host.';
}
