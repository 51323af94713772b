import { parentPort } from 'node:worker_threads';
import type {
  InspectionAnswers,
  InspectionQuestion,
  InspectionRequest,
  InspectionResponse,
} from '../../protocol/inspection.ts';
import { detailsOf } from './details.ts';
import { listenersOf } from './listeners.ts';

// Not the thread that scans: what is asked here may have to wait for a program that looks inside.
parentPort?.on('message', (request: InspectionRequest) => parentPort?.postMessage(respond(request)));

function respond({ id, question }: InspectionRequest): InspectionResponse {
  try {
    return { id, answer: answer(question) };
  } catch (error) {
    return { id, error: error instanceof Error ? error.message : String(error) };
  }
}

function answer(question: InspectionQuestion): InspectionAnswers[keyof InspectionAnswers] {
  return question.ask === 'details' ? detailsOf(question.namespace) : listenersOf(question.networks);
}
