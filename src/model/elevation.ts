/** What root is asked for; the sentence before the password says it. */
export type RootPurpose = 'sandbox' | 'limits' | 'terminal' | 'scan' | 'network' | 'installHelper' | 'removeHelper';

/** Why files of the installed helper are not used: a code that text/elevation.ts has the words for. */
export type InstalledFault = 'missing' | 'notRoots' | 'writable' | 'noRuntime';

/** Whether a helper is installed, and whether it is the one of this version. */
export type InstalledHelper =
  | { readonly state: 'none' }
  /** Its programs, which polkit(8) has an action of their own for. */
  | { readonly state: 'current'; readonly helper: string; readonly enter: string }
  | { readonly state: 'otherVersion'; readonly path: string }
  | { readonly state: 'damaged'; readonly path: string; readonly fault: InstalledFault };

/** Why this host cannot have an installed helper. */
export type InstallRefusal =
  | { readonly why: 'folderMissing' | 'folderReadOnly'; readonly path: string }
  | { readonly why: 'othersCanWrite' | 'notRoots'; readonly path: string }
  | { readonly why: 'noRuntime'; readonly tried: readonly string[] };
