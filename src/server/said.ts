import { ErrorCode, getLanguageService } from 'vscode-json-languageservice';
import type { Range } from 'vscode-languageserver/node';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import sandboxesSchema from '../../media/sandboxes.schema.json' with { type: 'json' };
import type { Problem, ProblemCode } from '../model/problem.ts';
import { readDocument } from '../profile/document.ts';
import { rangeOf } from './ranges.ts';

/*
 * Who says what, so that nothing is said twice: VS Code's own JSON service reads the same file, and checks it against
 * the schema that this extension contributes for it.
 */

/** What it says of any JSON with comments. */
const OF_JSON: readonly ProblemCode[] = ['profileFileSyntax', 'duplicateKey'];
/** What it always says where the schema is in force, and not at the same place. */
const OF_SCHEMA: readonly ProblemCode[] = ['unknownKey', 'missingKey'];
/** What it says as far as keywords of the schema can express it: a pattern, but not the size of a limit. */
const OF_KEYWORDS: readonly ProblemCode[] = ['wrongValue', 'wrongName', 'nameReserved'];

/** The problems that VS Code does not say itself; whatever the schema knows nothing of is among them. */
export async function unsaid(problems: readonly Problem[], document: TextDocument): Promise<readonly Problem[]> {
  const ours = problems.filter(({ code }) => !OF_JSON.includes(code));
  if (namesItsSchema(document)) return ours;
  const schematic = ours.filter(({ code }) => !OF_SCHEMA.includes(code));
  if (!schematic.some(({ code }) => OF_KEYWORDS.includes(code))) return schematic;
  const said = await saidBySchema(document);
  return schematic.filter((problem) => !OF_KEYWORDS.includes(problem.code) || !covers(problem, said, document));
}

/** A file that names a schema is checked against that one, and against no contributed one. */
function namesItsSchema(document: TextDocument): boolean {
  const { value } = readDocument(document.uri, document.getText());
  return typeof value === 'object' && value !== null && '$schema' in value && typeof value.$schema === 'string';
}

const service = getLanguageService({});
const COMMENTS = { comments: 'ignore', trailingCommas: 'ignore' } as const;

/** Asked of the JSON service itself, which has its own ways with patterns and alternatives. */
async function saidBySchema(document: TextDocument): Promise<readonly Range[]> {
  const parsed = service.parseJSONDocument(document);
  const said = await service.doValidation(document, parsed, COMMENTS, sandboxesSchema);
  return said.filter(({ code }) => code !== ErrorCode.DuplicateKey).map(({ range }) => range);
}

function covers(problem: Problem, said: readonly Range[], document: TextDocument): boolean {
  const { start, end } = rangeOf(problem, document);
  const [from, to] = [document.offsetAt(start), document.offsetAt(end)];
  return said.some((one) => document.offsetAt(one.start) >= from && document.offsetAt(one.end) <= to);
}
