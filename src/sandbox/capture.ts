import { requireProgram } from '../host/programs.ts';
import { fail } from '../model/problem.ts';
import type { WiredNetwork } from '../model/wiring.ts';
import { asRootLines, shellCommand } from './enter.ts';
import type { JoinCommand } from './join.ts';
import { shellWord, shellWords } from './script/quote.ts';

export interface CaptureRequest {
  readonly network: WiredNetwork;
  /** A file that is the network, where anything leads into it. */
  readonly path: string | undefined;
  /** Name of an interface, or `any`. */
  readonly link: string;
  /** A file, or the program Wireshark. */
  readonly into: string;
}

/**
 * Captures with tcpdump(8) inside a network until it is interrupted. The file is written by the caller's shell, never by root.
 * @throws ProblemError `programMissing` without tcpdump.
 */
export function captureCommand({ network, path, link, into }: CaptureRequest): {
  readonly command: JoinCommand;
  readonly asRoot: boolean;
} {
  const tcpdump = [requireProgram('tcpdump'), '-i', link, '-U', '-Z', 'root', '-w', '-'];
  const { enter, asRoot } = entering(network, path);
  const capture = [...enter, ...tcpdump];
  const lines = asRoot && process.getuid?.() !== 0 ? asRootLines(capture) : [`exec ${shellWords(capture)}`];
  const target =
    into === 'wireshark' ? `| ${shellWords([requireProgram('wireshark'), '-k', '-i', '-'])}` : `>${shellWord(into)}`;
  const told = shellWord(`Capturing ${link.replace(/[^\x20-\x7e]/g, '?')} into ${into}. Ctrl+C ends it.`);
  // The shell stays, so that the terminal still says how much was captured.
  const script = [
    'trap : INT',
    `printf '%s\\n' ${told}`,
    '(',
    ...lines,
    `) ${target}`,
    'echo "Ended. Press Enter to close."',
    'read -r _',
  ];
  return { command: shellCommand(script, ['net']), asRoot };
}

/** A user owns the networks of own user namespaces; the machine's own, and named ones, are root's. */
function entering({ owner, pid, inode }: WiredNetwork, path: string | undefined) {
  if (owner.kind === 'yours') return { enter: [], asRoot: true };
  const net = `--net=${path ?? fail('namespaceGone', { type: 'net', inode })}`;
  const asRoot = process.getuid?.() === 0 || owner.kind !== 'sandbox' || pid === undefined;
  const user = asRoot ? [] : [`--user=/proc/${pid}/ns/user`, '--preserve-credentials'];
  return { enter: [requireProgram('nsenter'), ...user, net, '--', ...onlyIn(inode)], asRoot };
}

/** What leads into a network may lead into another one by the time that a password is typed: who is in it looks. */
function onlyIn(inode: number): readonly string[] {
  const script = `[ "$(readlink /proc/self/ns/net)" = 'net:[${inode}]' ] || { echo 'This network has ended.' >&2; exit 1; }; exec "$@"`;
  return ['/bin/sh', '-c', script, 'sh'];
}
