import type { FileProfile } from './schema.ts';

/** Complete, and the least that a profile can get: the end of every chain of `extends`. */
export const THROWAWAY = {
  description: 'Workspace read-only, no network; gone with its terminal',
  rootfs: 'host',
  workspace: 'ro',
  home: 'empty',
  tools: [],
  mounts: [],
  network: 'none',
  limits: { mode: 'best-effort', 'memory.max': '4G', 'pids.max': 1024 },
  capabilities: 'default',
  time: { boottime: 0, monotonic: 0 },
  env: {},
  envPass: [],
  lifetime: 'terminal',
} as const satisfies FileProfile;

/** Programs a user installs for himself. Never a folder that also holds credentials: ~/.cargo and ~/.config do. */
const TOOLCHAINS = ['~/.nvm', '~/.cargo/bin', '~/.rustup', '~/.local/bin', '~/go/bin', '~/.deno/bin', '~/.bun/bin'];

/** The profiles that every window has, by name, written as a file writes them. */
export const BUILTIN_PROFILES: Readonly<Record<string, FileProfile>> = {
  throwaway: THROWAWAY,
  project: {
    extends: 'throwaway',
    description: 'Workspace read-write, internet; gone with its window',
    workspace: 'rw',
    network: 'internet',
    lifetime: 'window',
  },
  agent: {
    extends: 'project',
    description: 'As project, with a home that stays and your toolchains',
    home: 'kept',
    tools: TOOLCHAINS,
  },
  learn: {
    extends: 'throwaway',
    description: 'All capabilities of its own namespaces; no workspace',
    workspace: 'none',
    limits: { mode: 'strict', 'memory.max': 'max', 'pids.max': 'max' },
    capabilities: 'all',
  },
};
