import { defineConfig } from 'vitest/config';

/** Programs of perl(1) are imported as their text, as the bundler does it. */
const PERL_AS_TEXT = {
  name: 'perl-as-text',
  transform: (text: string, id: string) => (id.endsWith('.pl') ? `export default ${JSON.stringify(text)};` : undefined),
};

export default defineConfig({
  plugins: [PERL_AS_TEXT],
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/e2e/**'],
    globalSetup: 'test/support/build.ts',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Tests look at what is left on the whole machine: one file at a time.
    maxWorkers: 1,
  },
});
