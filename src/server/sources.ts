import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ProfileFile } from '../profile/catalog.ts';
import { profilesFile, settingAsFile } from '../profile/files.ts';
import { PROFILES_SETTING } from '../protocol/language-server.ts';

/** What the editor has beside one document. */
export interface Editor {
  /** Value of the setting with the user's profiles, unchecked. */
  readonly setting: unknown;
  /** URIs of the workspace folders, in their order. */
  readonly folders: readonly string[];
  /** Texts of the documents that are open, by URI: they count before what is on disk. */
  readonly open: ReadonlyMap<string, string>;
}

/** The files that a window reads together with this one, which may be of no workspace folder and is then alone. */
export function filesBeside(file: string, { setting, folders, open }: Editor): readonly ProfileFile[] {
  const local = folders.filter((uri) => uri.startsWith('file:')).map((uri) => profilesFile(fileURLToPath(uri)));
  const texts = new Map([...open].map(([uri, text]) => [uri.startsWith('file:') ? fileURLToPath(uri) : uri, text]));
  const workspace = (local.includes(file) ? local : [file]).flatMap((path) => {
    const text = texts.get(path) ?? readIfThere(path);
    return text === undefined ? [] : [{ file: path, text, source: 'workspace' as const }];
  });
  return [settingAsFile(PROFILES_SETTING, setting ?? {}), ...workspace];
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
