import { existsSync, mkdirSync, rmSync, chmodSync, chownSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findProgram } from '../../../src/host/programs.ts';
import { ProblemError } from '../../../src/model/problem.ts';
import { shellWord } from '../../../src/sandbox/script/quote.ts';
import { busyboxTree } from '../../support/busybox.ts';
import { profileOf } from '../../support/profiles.ts';
import { CALLERS, isRoot, makeCaller, sandboxFolders, writeProfiles, type Caller } from '../../support/unshared.ts';

const CANARY = '/tmp/canary-of-a-string';
/** Makes the canary without a slash, which no name of a file can hold: the first letter of every path is one. */
const MAKE = ': >$(pwd|cut -c1)tmp$(pwd|cut -c1)canary-of-a-string';

/** Texts that make the canary wherever a shell reads them without quotes, in single, in double quotes or in a comment. */
const HOSTILE = [
  `$(${MAKE})`,
  `\`${MAKE}\``,
  `';${MAKE};'`,
  `";${MAKE};"`,
  `'"$(${MAKE})"'`,
  `\n${MAKE}\n`,
  `;${MAKE};#`,
  `&${MAKE}&`,
  `|${MAKE}`,
  `')\n${MAKE} #`,
  `\nEND\n${MAKE}\n`,
  `\\$(${MAKE})\\`,
  `\\';${MAKE};\\'`,
];

describe.each(CALLERS)('a string in a profile of %s', (name) => {
  let caller: Caller;
  beforeEach(() => {
    caller = makeCaller(name);
    rmSync(CANARY, { force: true });
  });
  afterEach(() => {
    expect(existsSync(CANARY)).toBe(false);
    expect(sandboxFolders(caller)).toEqual([]);
    caller.remove();
  });

  /** A folder and a file of this name, beside each other. */
  function make(text: string): { readonly folder: string; readonly file: string } {
    const folder = join(caller.workspace, text);
    const file = join(folder, text);
    mkdirSync(folder);
    writeFileSync(file, 'shown');
    for (const [path, mode] of [
      [folder, 0o755],
      [file, 0o644],
    ] as const) {
      chmodSync(path, mode);
      if (isRoot) chownSync(path, caller.uid, caller.uid);
    }
    return { folder, file };
  }

  /** The text in every key that takes one. */
  function everywhere(text: string): object {
    const { folder, file } = make(text);
    return {
      description: text,
      workspace: 'none',
      tools: [folder],
      mounts: [
        { bind: folder, to: `/data/bound${text}`, readOnly: true },
        { bind: file, to: `/data/file${text}`, readOnly: true },
        { tmpfs: `/data/empty${text}` },
        { overlay: folder, to: `/data/layered${text}` },
        { bind: folder, to: `/data/masked${text}` },
        { mask: `/data/masked${text}/${text}` },
      ],
      maskedPaths: [`/data/layered${text}/${text}`],
      readOnlyPaths: [`/data/empty${text}`],
      env: { TEXT: text },
      cwd: `/data/bound${text}`,
      shell: `/bin/${text}`,
      init: [`printf %s ${shellWord(text)} >/tmp/init`],
      command: [
        'sh',
        '-c',
        'pwd; printf "%s\\n" "$1" "$TEXT"; cat /tmp/init; echo; ! ls /tmp/canary* 2>/dev/null',
        'sh',
        text,
      ],
    };
  }

  it.each(HOSTILE)('is never run: %j', async (text) => {
    await writeProfiles(caller, { tried: everywhere(text) });
    const { stdout, stderr, exitCode } = await caller.unshared(['run', '--profile', 'tried']);
    expect(exitCode, stderr).toBe(0);
    expect(`${stdout}\n`).toBe(`/data/bound${text}\n${text}\n${text}\n${text}\n`);
  });

  it.skipIf(findProgram('busybox') === undefined)(
    'is never run as the name of a root file system (needs busybox-static)',
    async () => {
      for (let at = 0; at < HOSTILE.length; at += 4) {
        const rootfs = join(caller.workspace, HOSTILE.slice(at, at + 4).join(''));
        busyboxTree(rootfs);
        await writeProfiles(caller, { tried: { workspace: 'none', rootfs } });
        const { stdout, stderr } = await caller.unshared(['run', '--profile', 'tried', '--', 'sh', '-c', 'echo ran']);
        expect(stdout, stderr).toBe('ran');
      }
    },
  );
});

describe('a string in a profile', () => {
  it.each(HOSTILE)('is refused where it is a name: %j', (text) => {
    for (const settings of [
      ...[{ hostname: text }, { domainname: text }, { extends: text }, { env: { [text]: '' } }, { envPass: [text] }],
      ...[{ capabilities: { add: [text] } }, { rlimits: { [text]: 1 } }, { limits: { [text]: 1 } }, { [text]: true }],
      ...[{ limits: { 'cpu.max': text } }, { namespaces: { net: text } }, { mounts: [{ tmpfs: '/x', size: text }] }],
      ...[{ network: text }, { network: { mode: 'internet', publish: [text] } }],
    ])
      expect(() => profileOf(settings), JSON.stringify(settings)).toThrow(ProblemError);
    expect(() => profileOf({}, text)).toThrow(ProblemError);
  });

  it('may hold no NUL, wherever it stands', () => {
    const text = '/x\0y';
    const mounts = [{ bind: text, to: '/x' }, { bind: '/x', to: text }, { tmpfs: text }, { mask: text }];
    const keys = ['description', 'rootfs', 'hostname', 'domainname', 'cwd', 'shell', 'seccomp'];
    const lists = ['tools', 'maskedPaths', 'readOnlyPaths', 'envPass', 'init', 'command'];
    for (const settings of [
      ...keys.map((key) => ({ [key]: text })),
      ...lists.map((key) => ({ [key]: [text] })),
      ...mounts.map((mount) => ({ mounts: [mount] })),
      ...[{ env: { TEXT: text } }, { rootfs: { tar: text } }, { landlock: { readOnly: [text] } }],
      ...[{ landlock: { readWrite: [text] } }, { namespaces: { net: text } }],
    ])
      expect(() => profileOf(settings), JSON.stringify(settings)).toThrow(ProblemError);
  });
});
