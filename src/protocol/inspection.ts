import type { Listener } from '../model/listener.ts';
import type { Found } from '../model/namespace-details.ts';
import type { Namespace } from '../model/namespace.ts';

/** What is asked of the thread that looks into namespaces. */
export type InspectionQuestion =
  | { readonly ask: 'details'; readonly namespace: Namespace }
  /** Of these network namespaces. */
  | { readonly ask: 'listeners'; readonly networks: readonly Namespace[] };

export interface InspectionAnswers {
  readonly details: Found;
  readonly listeners: readonly Listener[];
}

export type InspectionAnswer = InspectionAnswers[keyof InspectionAnswers];
