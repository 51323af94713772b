import { setFlagsFromString } from 'node:v8';

/** V8 would keep room for what comes and goes, for the next time that so much does. */
export function stayLean(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}

/** From here on all that is left behind is collected again and again, and nothing is kept to be faster. */
export function beSparing(): void {
  for (const flag of ['--gc-global', '--no-opt', '--optimize-for-size']) setFlagsFromString(flag);
}
