import type { ProfileFile } from './catalog.ts';

/** Two network namespaces, joined: what takes root and seven commands with ip-netns(8). */
const TEXT = `{
  "profiles": {
    "n1": {
      "extends": "learn",
      "networks": { "lab": "10.0.0.1/24" },
      "lifetime": "untilStopped"
    },
    "n2": {
      "extends": "learn",
      "networks": { "lab": "10.0.0.2/24" },
      "lifetime": "untilStopped"
    }
  },
  "networks": {
    "lab": { "subnet": "10.0.0.0/24" }
  }
}
`;

/** A profile file with two sandboxes in one network; no workspace has it. */
export const EXAMPLE_LAB: ProfileFile = { file: 'example/.vscode/sandboxes.json', text: TEXT, source: 'workspace' };
