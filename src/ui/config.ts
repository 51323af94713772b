import * as vscode from 'vscode';

const SECTION = 'namespaceSandboxes';

/** All settings of the extension, read afresh each time so that a change holds at once. */
export const config = {
  /** The user's own profiles, as the setting holds them: unchecked. */
  profiles: (): Readonly<Record<string, unknown>> => read('profiles', {}),
  /** Name of the profile of the terminal "+" menu; undefined is to ask. */
  defaultProfile: (): string | undefined => read<string>('defaultProfile', '') || undefined,
  /** Whether the next sandbox of the profile used last is kept ready. */
  warmSpare: (): boolean => read('warmSpare', false),
  /** Milliseconds between two observations while a view is visible. */
  refreshInterval: (): number => Math.max(0.5, read('refreshInterval', 1)) * 1000,
};

function read<T>(key: string, otherwise: T): T {
  return vscode.workspace.getConfiguration(SECTION).get<T>(key, otherwise);
}
