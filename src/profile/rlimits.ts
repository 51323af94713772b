import type { Rlimit } from '../model/profile.ts';

/** A limit as prlimit(1) takes it: one number for both, or `SOFT:HARD`; `unlimited` is undefined. Undefined for anything else. */
export function parseRlimit(value: string | number): Rlimit | undefined {
  const [first, second, ...rest] = String(value).split(':').map(numberOf);
  if (first === undefined || second === null || rest.length > 0 || first === null) return undefined;
  const [soft, hard] = [first.value, (second ?? first).value];
  return (soft !== undefined && (hard === undefined || soft <= hard)) || hard === undefined
    ? { soft, hard }
    : undefined;
}

/** Whether `parseRlimit` takes it. */
export function isRlimit(value: string | number): boolean {
  return parseRlimit(value) !== undefined;
}

/** As prlimit(1) takes it. */
export function formatRlimit({ soft, hard }: Rlimit): string {
  return [soft, hard].map((value) => (value === undefined ? 'unlimited' : String(value))).join(':');
}

function numberOf(text: string): { readonly value: number | undefined } | null {
  if (text === 'unlimited') return { value: undefined };
  const value = Number(text);
  return /^\d+$/.test(text) && Number.isSafeInteger(value) ? { value } : null;
}
