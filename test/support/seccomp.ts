import { writeFileSync } from 'node:fs';

/** The number of unshare(2) on this machine. */
const UNSHARE = process.arch === 'arm64' ? 97 : 272;

/** One instruction of classic BPF (linux/filter.h): code, two jumps, a constant. */
function instruction(code: number, ifTrue: number, ifFalse: number, constant: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt16LE(code, 0);
  bytes.writeUInt8(ifTrue, 2);
  bytes.writeUInt8(ifFalse, 3);
  bytes.writeUInt32LE(constant, 4);
  return bytes;
}

/** Writes a filter that refuses unshare(2) with an error number, as container runtimes do, and allows everything else. */
export function writeUnshareFilter(file: string, errno: number): void {
  const loadNumber = instruction(0x20, 0, 0, 0);
  const compare = instruction(0x15, 0, 1, UNSHARE);
  const refuse = instruction(0x06, 0, 0, 0x0005_0000 + errno);
  const allow = instruction(0x06, 0, 0, 0x7fff_0000);
  writeFileSync(file, Buffer.concat([loadNumber, compare, refuse, allow]));
}
