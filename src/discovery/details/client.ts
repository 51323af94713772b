import type { Namespace } from '../../model/namespace.ts';
import type { InspectionAnswer, InspectionAnswers, InspectionQuestion } from '../../protocol/inspection.ts';
import { startThread } from '../thread.ts';

export interface Inspector {
  /** What a namespace holds. */
  details(namespace: Namespace): Promise<InspectionAnswers['details']>;
  /** Who listens in network namespaces. */
  listeners(networks: readonly Namespace[]): Promise<InspectionAnswers['listeners']>;
  dispose(): void;
}

/** Looks into namespaces in a thread that is started by the first question, and anew after it has died. */
export function startInspector(workerFile: string): Inspector {
  const { ask, dispose } = startThread<InspectionQuestion, InspectionAnswer>(
    workerFile,
    'the thread that looks into namespaces',
  );
  return {
    details: (namespace) => ask({ ask: 'details', namespace }) as Promise<InspectionAnswers['details']>,
    listeners: (networks) => ask({ ask: 'listeners', networks }) as Promise<InspectionAnswers['listeners']>,
    dispose,
  };
}
