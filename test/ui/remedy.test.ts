import { describe, expect, it } from 'vitest';
import { problem, ProblemError } from '../../src/model/problem.ts';
import { remedyFor } from '../../src/ui/remedy.ts';

describe('remedyFor', () => {
  it('is the place of the fault, where there is one', () => {
    const place = { file: '/w/.vscode/sandboxes.json', line: 3, column: 5 };
    const error = new ProblemError([
      problem('rootfsMissing', { path: '/x' }),
      problem('unknownKey', { key: 'a', known: [] }, place),
    ]);
    expect(remedyFor(error)).toEqual({ do: 'openPlace', place });
  });

  it('is the check of the host, where the host lacks something', () => {
    expect(
      remedyFor(
        new ProblemError(problem('programMissing', { program: 'unshare', install: 'sudo apt install util-linux' })),
      ),
    ).toEqual({ do: 'checkHost' });
  });

  it('is the log for anything else', () => {
    expect(remedyFor(new Error('unforeseen'))).toEqual({ do: 'showOutput' });
  });
});
