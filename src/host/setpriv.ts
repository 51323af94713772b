import { execa } from 'execa';
import { requireProgram } from './programs.ts';

export interface SetprivAbilities {
  readonly seccomp: boolean;
  readonly landlock: boolean;
}

let asked: Promise<SetprivAbilities> | undefined;

/** What this machine's setpriv(1) can do beside capabilities, asked once per process: util-linux 2.41 has both. */
export function setprivAbilities(): Promise<SetprivAbilities> {
  asked ??= execa(requireProgram('setpriv'), ['--help']).then(
    ({ stdout }) => parseAbilities(stdout),
    () => ({ seccomp: false, landlock: false }),
  );
  return asked;
}

export function parseAbilities(help: string): SetprivAbilities {
  return { seccomp: help.includes('--seccomp-filter'), landlock: help.includes('--landlock-access') };
}
