/**
 * The tests against the kernel for which the machine makes a difference: util-linux loads filters and Landlock itself there,
 * and the kernel is another. The other half of what the machine shows is in `suites/`, for each caller.
 */
export const KERNEL_TESTS = [
  'test/sandbox/confinement',
  'test/sandbox/attacks/inside.test.ts',
  'test/sandbox/attacks/joining.test.ts',
];
