import { capabilityNames, CAPABILITIES } from '../../model/capabilities.ts';
import { NAMESPACE_TYPES } from '../../model/namespace.ts';
import type { Privileges } from '../../model/privileges.ts';
import type { Process } from '../../model/process.ts';
import { containerText } from '../../text/containers.ts';
import { plain } from './markdown.ts';
import type { Observation } from './observation.ts';
import { processDescription, processFacts, processHead } from './process-rows.ts';
import type { Row } from './row.ts';
import { containerOfProcess, isolatedTypes } from './whose.ts';

/** What makes a row of a process say why the process looks contained: in words and by its icon. */
export function badged(observation: Observation): (process: Process) => Partial<Row> {
  return (process) => {
    const words = badge(process, observation);
    return {
      description: processDescription(process, ...words),
      spoken: [`process ${process.comm}, pid ${process.pid}`, ...words].join(', '),
      icon: words.length === 0 ? 'server-process' : 'package',
      tooltip: () => containedTooltip(process, observation),
    };
  };
}

/** `docker web`, `own mnt pid net`; nothing for a process that is where the host is. */
export function badge(process: Process, observation: Observation): readonly string[] {
  const types = isolatedTypes(process, observation);
  const container = containerOfProcess(process, observation);
  const own = types.length === NAMESPACE_TYPES.length ? 'all eight' : types.join(' ');
  return [...(container ? [containerText(container)] : []), ...(types.length === 0 ? [] : [`own ${own}`])];
}

/** What a process may do is read when it is asked for: it would be a file more for each row. */
async function containedTooltip(process: Process, observation: Observation): Promise<string> {
  const { readPrivileges } = await import('../../discovery/privileges.ts');
  const reasons = whyContained(process, observation, readPrivileges(process.pid));
  const list = reasons.map((reason) => `- ${plain(reason)}`).join('\n');
  const said = reasons.length === 0 ? 'Nothing contains it.' : `Looks contained:\n\n${list}`;
  return [processHead(process), processFacts(process), said].join('\n\n');
}

/** Each reason for which a process looks contained, in words. */
export function whyContained(
  process: Process,
  observation: Observation,
  privileges: Privileges | undefined,
): readonly string[] {
  const types = isolatedTypes(process, observation);
  const container = containerOfProcess(process, observation);
  return [
    ...(container ? [`in ${containerText(container)}`] : []),
    ...(types.length > 0 ? [`other namespaces than the host: ${types.join(', ')}`] : []),
    ...(privileges ? confinement(privileges) : []),
  ];
}

function confinement({ seccomp, seccompFilters, noNewPrivs, capabilities }: Privileges): readonly string[] {
  const kept = capabilityNames(capabilities.bounding).length;
  const filters = seccompFilters !== undefined && seccompFilters > 1 ? ` (${seccompFilters} filters)` : '';
  return [
    ...(seccomp === 'off' ? [] : [`seccomp: ${seccomp}${filters}`]),
    ...(noNewPrivs ? ['no_new_privs'] : []),
    ...(kept < CAPABILITIES.length ? [`can never have more than ${kept} of ${CAPABILITIES.length} capabilities`] : []),
  ];
}
