import { attempt } from '../host/attempt.ts';
import type { Profile } from '../model/profile.ts';

/**
 * Options of unshare(1) that set the clocks of a new time namespace. util-linux 2.39 takes an offset below zero for one that is
 * too large; what it does take is the same 64 bits as a number without a sign.
 */
export async function planClocks({ time: { boottime, monotonic } }: Pick<Profile, 'time'>): Promise<readonly string[]> {
  const signed = (boottime >= 0 && monotonic >= 0) || (await takesSigns());
  const offset = (seconds: number): string => `${signed ? seconds : BigInt.asUintN(64, BigInt(seconds))}`;
  return ['--boottime', offset(boottime), '--monotonic', offset(monotonic)];
}

/** Options are read one after the other: at an offset that it does not take it fails before it says its version. */
async function takesSigns(): Promise<boolean> {
  return (await attempt(['unshare', '--boottime', '-1', '--version'])).ok;
}
