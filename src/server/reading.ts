import type { TextDocument } from 'vscode-languageserver-textdocument';
import type { ProfileContext } from '../profile/expand.ts';
import type { LoadedProfiles } from '../profile/load.ts';

/** A profile file that is open, with all that its profiles can extend. */
export interface Reading {
  readonly document: TextDocument;
  /** Its path, as problems name it. */
  readonly file: string;
  readonly loaded: LoadedProfiles;
  readonly context: ProfileContext;
}
