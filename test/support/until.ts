import { patience } from './pace.ts';

/** Waits for a condition by asking again every few milliseconds; rejects with `what` after `seconds` of a machine of today. */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  seconds = 15,
): Promise<Exclude<T, false | undefined | null>> {
  const end = Date.now() + patience(seconds * 1000);
  for (;;) {
    const value = await condition();
    if (value !== false && value !== undefined && value !== null) return value as Exclude<T, false | undefined | null>;
    if (Date.now() > end) throw new Error(`waited ${seconds} s in vain for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
