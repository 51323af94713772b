import { buildAll } from '../../scripts/build.mjs';

/** The tests run what is shipped: dist/ is built once before them. */
export default async function setup(): Promise<void> {
  if (process.env.TEST_BUILT === undefined) await buildAll();
}
