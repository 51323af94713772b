import type { Namespace } from '../../model/namespace.ts';
import type { Found } from '../../model/namespace-details.ts';
import { onceForEach } from '../../model/once-for-each.ts';
import type { Process } from '../../model/process.ts';
import { matcher } from './filter.ts';
import type { Observation } from './observation.ts';
import { byPid, processesOf } from './process-rows.ts';
import { isHosts, isolatedTypes } from './whose.ts';

/** Looks into a namespace; called for tooltips alone. */
export type ReadDetails = (namespace: Namespace) => Promise<Found>;

/** What of the namespaces is to be seen. */
export interface Choice {
  /** Words that must all be there; none: everything. */
  readonly filter: string;
  /** Whether the namespaces of the host itself are shown too. */
  readonly hostShown: boolean;
}

/** An observation with what is to be seen of it. */
export interface Picture {
  readonly observation: Observation;
  readonly choice: Choice;
  readonly namespaces: readonly Namespace[];
  readonly processes: readonly Process[];
  readonly readDetails: ReadDetails;
  /** Those of the processes in a namespace that are to be seen. */
  processesIn(namespace: Namespace): readonly Process[];
}

export function pictureOf(observation: Observation, choice: Choice, readDetails: ReadDetails): Picture {
  const { snapshot } = observation;
  const matches = matcher(choice.filter, observation);
  const processesIn = onceForEach((namespace: Namespace): readonly Process[] =>
    processesOf(byPid(snapshot.processes), namespace.pids).filter((process) => matches(namespace, process)),
  );
  return {
    observation,
    choice,
    readDetails,
    processesIn,
    namespaces: snapshot.namespaces.filter(
      (namespace) =>
        (choice.hostShown || !isHosts(namespace, observation)) &&
        (matches(namespace) || processesIn(namespace).length > 0),
    ),
    processes: snapshot.processes.filter(
      (process) => (choice.hostShown || isolatedTypes(process, observation).length > 0) && matches(undefined, process),
    ),
  };
}
