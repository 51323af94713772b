import fc from 'fast-check';

const key = fc.constantFrom(
  ...['extends', 'rootfs', 'tar', 'hostname', 'workspace', 'tools', 'mounts', 'bind', 'to', 'limits', 'memory.max'],
  ...['env', 'time', 'boottime', 'cwd', 'description', '__proto__', 'constructor', 'toString'],
);
const leaf = fc.oneof(
  fc.constantFrom('host', 'a', 'b', 'throwaway', '1G', 'none', '${env:X}', '${workspaceFolder}/x', '~/x', '\0'),
  fc.string(),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
);
const { value } = fc.letrec((tie) => ({
  value: fc.oneof({ depthSize: 'small' }, leaf, fc.array(tie('value')), fc.dictionary(key, tie('value'))),
}));
const file = fc.dictionary(fc.constantFrom('a', 'b', 'learn', 'x y', 'toString', '__proto__'), value);
const broken = fc.tuple(file, fc.nat(), fc.nat({ max: 9 }), fc.string()).map(([profiles, at, cut, put]) => {
  const text = JSON.stringify({ profiles }, null, 1);
  const start = at % text.length;
  return text.slice(0, start) + put + text.slice(start + cut);
});
/** Any text at all, and such as are nearly a profile file. */
export const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.json(),
  file.map((profiles) => JSON.stringify({ profiles })),
  broken,
);
