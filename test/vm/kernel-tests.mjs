/**
 * The tests against the kernel for which the machine makes a difference: util-linux loads filters and Landlock itself there,
 * the kernel is another, and AppArmor confines pasta. The other half of what the machine shows is in `suites/`, for each caller.
 */
export const TESTS_AS_USER = [
  'test/sandbox/confinement',
  'test/sandbox/attacks/inside.test.ts',
  'test/sandbox/attacks/joining.test.ts',
];
export const TESTS_AS_ROOT = ['test/network/internet.test.ts'];

/** All of them, in two parts that take about as long as each other. */
export const ALL_TESTS = [
  ['test/sandbox'],
  ['cgroup', 'cli', 'discovery', 'elevation', 'helper', 'host', 'network', 'state'].map((room) => `test/${room}`),
];
