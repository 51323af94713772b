/*
 * Between the window and the language server of the profile file passes LSP and no message of our own.
 * What both ends must call alike:
 */

/** The documents that the server is for. */
export const PROFILE_FILES = { scheme: 'file', pattern: '**/.vscode/sandboxes.json' } as const;

/** The setting with the user's own profiles, which the server asks for; problems in it are said to be there. */
export const PROFILES_SETTING = 'namespaceSandboxes.profiles';
