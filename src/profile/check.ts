import * as v from 'valibot';
import { problem, type Problem } from '../model/problem.ts';
import type { JsonDocument, Located, Path } from './document.ts';
import { anyObject } from './schema-parts.ts';

type Issue = v.BaseIssue<unknown>;

/** The value if it fits the schema, and a problem with its place for everything in it that does not. */
export function check<const Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
  path: Path,
  document: JsonDocument,
): { readonly value: v.InferOutput<Schema> | undefined; readonly problems: readonly Located[] } {
  const result = v.safeParse(schema, value, { abortPipeEarly: true });
  if (result.success) return { value: result.output, problems: [] };
  const problems = result.issues.flatMap((issue) => locate(issue, path, document));
  return { value: undefined, problems };
}

function locate(issue: Issue, above: Path, document: JsonDocument): readonly Located[] {
  const path = [...above, ...keysOf(issue)];
  const deeper = issue.issues?.filter((inner) => inner.path !== undefined) ?? [];
  if (deeper.length > 0) return deeper.flatMap((inner) => locate(inner, path, document));
  if (issue.type === 'strict_object') return keyProblems(issue, path, document);
  const isName = issue.path?.at(-1)?.origin === 'key';
  return [{ path, problem: isName ? nameProblem(issue, path, document) : valueProblem(issue, path, document) }];
}

function nameProblem({ message }: Issue, path: Path, document: JsonDocument): Problem {
  return problem('wrongName', { name: String(path.at(-1)), expected: message }, document.place(path, 'key'));
}

function valueProblem({ input, message }: Issue, path: Path, document: JsonDocument): Problem {
  const args = { key: nameOf(path, document), value: shown(input), expected: message };
  return problem('wrongValue', args, document.place(path));
}

function keysOf(issue: Issue): Path {
  return issue.path?.map(({ key }) => (typeof key === 'number' ? key : String(key))) ?? [];
}

/** Valibot names a missing key, but of the unknown ones only the first. */
function keyProblems(issue: Issue, path: Path, document: JsonDocument): readonly Located[] {
  const around = path.slice(0, -1);
  if (issue.expected !== 'never') {
    const key = String(path.at(-1));
    return [{ path, problem: problem('missingKey', { key }, document.place(around)) }];
  }
  const known = issue.message.split(', ');
  const object = issue.path?.at(-1)?.input;
  return Object.keys(v.is(anyObject, object) ? object : {})
    .filter((key) => !known.includes(key))
    .map((key) => ({
      path: [...around, key],
      problem: problem('unknownKey', { key, known }, document.place([...around, key], 'key')),
    }));
}

/** `tools[1]`, `memory.max`; the file's own name for the whole of it. */
function nameOf(path: Path, document: JsonDocument): string {
  const start = path.findLastIndex((part) => typeof part === 'string');
  const [name = document.file, ...indices] = path.slice(Math.max(start, 0));
  return [name, ...indices.map((index) => `[${index}]`)].join('');
}

/** A value as the file has it, cut to what fits into a sentence. */
export function shown(value: unknown): string {
  const text = typeof value === 'number' ? String(value) : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}
