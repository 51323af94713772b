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

/** Answers carry the number of their question: they are given in the order of the questions, and may be waited for in any. */
export interface InspectionRequest {
  readonly id: number;
  readonly question: InspectionQuestion;
}

export type InspectionResponse =
  | { readonly id: number; readonly answer: InspectionAnswers[keyof InspectionAnswers] }
  /** Message of the error that was thrown. */
  | { readonly id: number; readonly error: string };
