import type { InspectionAnswer, InspectionQuestion } from '../../protocol/inspection.ts';
import { answerQuestions } from '../thread.ts';
import { detailsOf } from './details.ts';
import { listenersOf } from './listeners.ts';

// Not the thread that scans: what is asked here may have to wait for a program that looks inside.
answerQuestions((question) => answer(question as InspectionQuestion));

function answer(question: InspectionQuestion): InspectionAnswer {
  return question.ask === 'details' ? detailsOf(question.namespace) : listenersOf(question.networks);
}
