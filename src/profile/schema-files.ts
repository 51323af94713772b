import * as v from 'valibot';
import { bytesPattern, isBytes } from './limits.ts';
import { flag, hostPath, insidePath, key, keyed, shaped } from './schema-parts.ts';

export const rootfs = v.union(
  [
    v.pipe(v.literal('host'), v.description("The machine's own system, read-only.")),
    hostPath,
    keyed({
      tar: v.pipe(hostPath, v.description('A .tar, .tar.gz, .tgz or .tar.xz that holds a root file system.')),
      sha256: v.exactOptional(
        v.pipe(
          shaped(/^[0-9a-fA-F]{64}$/, 'a SHA-256 of 64 hexadecimal digits'),
          v.description('SHA-256 of the archive: another one is not unpacked.'),
        ),
      ),
    }),
  ],
  '"host", the path of a directory or archive, or { "tar": path, "sha256": digest }',
);

const SIZE = 'a number of bytes such as 67108864 or "64M"';
const size = v.pipe(
  v.union([v.number(), v.string()], SIZE),
  v.check(isBytes, SIZE),
  v.metadata({ pattern: bytesPattern, patternErrorMessage: `This must be ${SIZE}.`, minimum: 1 }),
);

const KINDS = ['bind', 'tmpfs', 'overlay', 'mask'] as const;
const ONE_KIND =
  '{ "bind", "to" }, { "tmpfs" }, { "overlay", "to" } or { "mask" }: "to" belongs to bind and overlay, "readOnly" to bind, "size" to tmpfs';

/** Exactly one of the four kinds, with the keys that belong to it. */
export const mount = v.pipe(
  keyed({
    bind: key(hostPath, 'File or folder of this machine: absolute, ~/…, or relative to the workspace folder.'),
    tmpfs: key(insidePath, 'Path inside of an empty folder in memory (tmpfs(5)).'),
    overlay: key(hostPath, 'Folder of this machine whose changes are kept apart, and are gone with the sandbox.'),
    mask: key(insidePath, 'Path inside that is hidden behind something empty.'),
    to: key(insidePath, 'Where a bind or an overlay appears inside: an absolute path.'),
    readOnly: key(flag(false), 'Whether a bind can only be read inside, with all that is mounted below it.'),
    size: key(size, 'Most bytes that a tmpfs holds; without it, half of the memory.'),
  }),
  v.check((value) => {
    const [kind, ...others] = KINDS.filter((name) => value[name] !== undefined);
    if (kind === undefined || others.length > 0) return false;
    const needsTo = kind === 'bind' || kind === 'overlay';
    const tooMuch = (value.readOnly !== undefined && kind !== 'bind') || (value.size !== undefined && kind !== 'tmpfs');
    return needsTo === (value.to !== undefined) && !tooMuch;
  }, ONE_KIND),
);
