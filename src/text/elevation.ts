import type { InstalledFault, InstalledHelper, InstallRefusal, RootPurpose } from '../model/elevation.ts';

const PURPOSES: Readonly<Record<RootPurpose, string>> = {
  sandbox:
    'The kernel lets only root do a part of this, so the helper of Namespace Sandboxes is to be started as root.',
  limits:
    'The limits of this sandbox can be set by root alone here, so the helper of Namespace Sandboxes is to be started as root.',
  terminal: 'These namespaces belong to another user, so a root shell is to be opened in them.',
  scan: 'Processes of others show their namespaces to root alone, so the helper of Namespace Sandboxes is to be started as root.',
  network:
    'Named networks and their links are made by root alone, so the helper of Namespace Sandboxes is to be started as root.',
  installHelper: 'The helper is to be copied to where only root can change it.',
  removeHelper: 'The installed helper is to be taken away.',
};

/** What root is wanted for, as one sentence, before anybody is asked for a password. */
export function purposeSentence(purpose: RootPurpose): string {
  return PURPOSES[purpose];
}

const FAULTS: Readonly<Record<InstalledFault, string>> = {
  missing: 'is missing',
  notRoots: 'belongs to another user than root',
  writable: 'can be written to by others than root',
  noRuntime: 'does not run any more',
};

/** Whether a helper is installed, as one sentence. */
export function installedSentence(installed: InstalledHelper): string {
  switch (installed.state) {
    case 'none':
      return 'No helper is installed: the bundled file runs as root after a password.';
    case 'current':
      return `The helper is installed and of this version: ${installed.helper}.`;
    case 'otherVersion':
      return `The installed helper (${installed.path}) is of another version, so the bundled one is used. Install it again.`;
    case 'damaged':
      return `The installed helper is not whole (${installed.path} ${FAULTS[installed.fault]}), so the bundled one is used. Install it again.`;
  }
}

/** Why no helper can be installed, as the cause and what to do. */
export function refusalOfInstall(refusal: InstallRefusal): string {
  switch (refusal.why) {
    case 'folderMissing':
      return `there is no folder ${refusal.path}, so this distribution keeps such files elsewhere. Use the helper without installing it, or make that folder if polkit reads it`;
    case 'folderReadOnly':
      return `${refusal.path} is read-only, as on distributions that are updated as a whole (ostree, NixOS). Use the helper without installing it`;
    case 'othersCanWrite':
      return `others than root can write to ${refusal.path}, and so could become root. Take that right away (chmod go-w)`;
    case 'notRoots':
      return `${refusal.path} belongs to another user than root, who could become root by it. Give it to root (chown root)`;
    case 'noRuntime':
      return `no Node is here that only root can change (tried: ${refusal.tried.join(', ')}). Install the distribution's nodejs, version 20 or newer`;
  }
}

/** What a terminal of root's says that no installed helper has checked. */
export function notPinnedSentence(pid: number): string {
  return `Not pinned: no helper is installed that would look again, as root, whether process ${pid} is still the same. "Install Helper" mends that.`;
}
