import { readdirSync } from 'node:fs';
import { SHIFTED_BASE } from '../../src/sandbox/ids.ts';
import { isConnector } from '../../src/sandbox/way-out.ts';
import type { Caller } from './unshared.ts';

/** The processes that lead out of a caller's sandboxes and labs. Root's run as who is root inside. */
export function waysOut({ uid }: Caller): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => isConnector(pid, uid === 0 ? SHIFTED_BASE : uid));
}
