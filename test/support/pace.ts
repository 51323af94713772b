/** How many times slower than a machine of today this one is. One with an emulated processor is, and its tests are told. */
const SLOWNESS = Number(process.env.TEST_SLOWNESS ?? 1);

/** Milliseconds that something may take here, by those that it may take on a machine of today. */
export function patience(milliseconds: number): number {
  return milliseconds * SLOWNESS;
}

/** How often to do what shows the more the more often it is done. */
export function repeated(times: number): number {
  return Math.ceil(times / SLOWNESS);
}
