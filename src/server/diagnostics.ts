import { DiagnosticSeverity, type Diagnostic } from 'vscode-languageserver/node';
import type { Problem } from '../model/problem.ts';
import { problemsIn } from '../profile/load.ts';
import { statement } from '../text/problems.ts';
import { rangeOf } from './ranges.ts';
import type { Reading } from './reading.ts';
import { unsaid } from './said.ts';

/** What is wrong in the document, except what VS Code says of it anyway. */
export async function diagnosticsOf({ document, file, loaded, context }: Reading): Promise<Diagnostic[]> {
  const problems = await unsaid(problemsIn(file, loaded, context), document);
  return problems.map((problem) => ({
    range: rangeOf(problem, document),
    severity: severityOf(problem),
    code: problem.code,
    source: 'Sandboxes',
    message: statement(problem),
  }));
}

/** A profile that is ignored keeps no sandbox from starting. */
function severityOf({ code }: Problem): DiagnosticSeverity {
  return code === 'builtinProtected' ? DiagnosticSeverity.Warning : DiagnosticSeverity.Error;
}
