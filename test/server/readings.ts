import { getLanguageService } from 'vscode-json-languageservice';
import type { Diagnostic } from 'vscode-languageserver/node';
import { TextDocument } from 'vscode-languageserver-textdocument';
import schema from '../../media/sandboxes.schema.json' with { type: 'json' };
import { settingAsFile } from '../../src/profile/files.ts';
import { loadProfiles } from '../../src/profile/load.ts';
import { PROFILES_SETTING } from '../../src/protocol/language-server.ts';
import type { Reading } from '../../src/server/reading.ts';

export const FILE = '/ws/.vscode/sandboxes.json';

/** A profile file that is open, and the user's profiles beside it. */
export function readingOf(text: string, userProfiles: unknown = {}): Reading {
  const user = settingAsFile(PROFILES_SETTING, userProfiles);
  return {
    document: TextDocument.create(`file://${FILE}`, 'jsonc', 1, text),
    file: FILE,
    loaded: loadProfiles([user, { file: FILE, text, source: 'workspace' }]),
    context: { workspaceFolder: '/ws', env: { HOME: '/home/ada', RELATIVE: 'a/b' }, home: '/home/ada' },
  };
}

const service = getLanguageService({});

/** What VS Code's JSON service says of the same text. */
export function diagnosticsOfVsCode({ document }: Reading): Promise<Diagnostic[]> {
  const settings = { comments: 'ignore', trailingCommas: 'ignore' } as const;
  return Promise.resolve(service.doValidation(document, service.parseJSONDocument(document), settings, schema));
}
