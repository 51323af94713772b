import { defineConfig } from 'vitest/config';

/** For the machine: what is tested was built outside, nothing beside it can be written, and the processor is emulated. */
export default defineConfig({
  cacheDir: '/tmp/vite',
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/e2e/**'],
    reporters: ['./test/vm/vitest-reporter.mjs'],
    testTimeout: 600_000,
    hookTimeout: 600_000,
    maxWorkers: 1,
    isolate: false,
  },
});
