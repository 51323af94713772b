import { isDeepStrictEqual } from 'node:util';
import { ONLY_ROOTS, type HostFix, type HostLine, type HostReport, type HostTopic } from '../model/host.ts';
import { findingSentence, fixSentence } from './host.ts';

const TITLES: Readonly<Record<HostTopic, string>> = {
  namespaces: 'Namespaces',
  ids: 'Ids',
  rootfs: 'Root file systems',
  limits: 'Limits',
  network: 'Network',
  confinement: 'Confinement',
  helper: 'Helper',
};

const MARKS: Readonly<Record<HostLine['status'], string>> = { ok: '✓', limited: '!', missing: '✗' };

/** The report as text: a verdict, then the features by topic; commands that mend something stand on lines of their own. */
export function hostReportText(report: HostReport): string {
  const topics = report.topics.map(({ topic, lines }) => [TITLES[topic], ...lines.flatMap(lineText), '']);
  return [verdict(linesOf(report)), '', ...topics.flat()].join('\n');
}

/** Whether any sandbox starts on the host without root. */
export function sandboxesStart(report: HostReport): boolean {
  return !linesOf(report).some(({ needed, status }) => needed && status === 'missing');
}

/** The report for programs: codes with their arguments, and what people read. */
export function hostReportJson(report: HostReport): object {
  const topics = report.topics.map(({ topic, lines }) => ({ topic, lines: lines.map(lineJson) }));
  return { sandboxesStart: sandboxesStart(report), topics };
}

const linesOf = ({ topics }: HostReport): readonly HostLine[] => topics.flatMap(({ lines }) => lines);

function verdict(lines: readonly HostLine[]): string {
  const lacking = lines.filter(({ needed, status }) => needed && status === 'missing');
  if (lacking.length > 0)
    return lacking.every(({ finding: { code } }) => ONLY_ROOTS.includes(code))
      ? 'No sandbox can start on this host without root. With the helper, most with "rootfs": "host" can.'
      : 'No sandbox can start on this host.';
  const counts = (['limited', 'missing'] as const).map(
    (wanted) => `${wanted} (${MARKS[wanted]}): ${countOf(lines, wanted)}`,
  );
  return `Sandboxes start on this host. Features that are ${counts.join(', ')}.`;
}

const countOf = (lines: readonly HostLine[], wanted: HostLine['status']): number =>
  lines.filter(({ status }) => status === wanted).length;

/** Neighbours with one way out show it once, after the last of them. */
function lineText({ status, finding, fix }: HostLine, index: number, lines: readonly HostLine[]): readonly string[] {
  const shown = fix && !isDeepStrictEqual(fix, lines[index + 1]?.fix) ? fixText(fix) : [];
  return [`  ${MARKS[status]} ${findingSentence(finding)}`, ...shown];
}

function fixText(fix: HostFix): readonly string[] {
  return [`      ${fixSentence(fix)}`, ...fix.commands.map((command) => `        ${command}`)];
}

function lineJson({ finding, fix, needed, ...line }: HostLine): object {
  const explained = fix && { explain: fixSentence(fix), ...fix };
  return { ...line, needed: needed === true, ...finding, text: findingSentence(finding), fix: explained };
}
