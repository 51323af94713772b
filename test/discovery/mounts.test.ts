import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseNamespaceMounts } from '../../src/discovery/mounts.ts';

const MOUNTINFO = Buffer.from(`\
23 1 254:0 / / rw,relatime - ext4 /dev/vda rw
28 23 0:25 / /run rw,nosuid,nodev shared:12 - tmpfs tmpfs rw,mode=755
91 28 0:4 net:[4026532567] /run/netns/n1 rw shared:40 - nsfs nsfs rw
92 28 0:25 /netns /run/netns rw,nosuid,nodev shared:12 - tmpfs tmpfs rw,mode=755
93 92 0:4 net:[4026532567] /run/netns/n1 rw shared:41 - nsfs nsfs rw
94 23 0:4 uts:[4026532570] /tmp/a\\040b rw - nsfs nsfs rw
97 23 0:4 uts:[4026532570] /tmp/\\134040\\303\\244 rw - nsfs nsfs rw
95 23 0:4 future:[4026532571] /tmp/c rw - nsfs nsfs rw
96 23 254:0 /net:[1] /tmp/d rw - ext4 /dev/vda rw
`);

describe('bind mounts of namespaces', () => {
  it('are found among mountinfo lines', () => {
    expect(parseNamespaceMounts(MOUNTINFO)).toEqual([
      { type: 'net', inode: 4026532567, path: '/run/netns/n1' },
      { type: 'net', inode: 4026532567, path: '/run/netns/n1' },
      { type: 'uts', inode: 4026532570, path: '/tmp/a b' },
      { type: 'uts', inode: 4026532570, path: '/tmp/\\040ä' },
    ]);
  });

  it('are of known types, whatever stands there', () => {
    const line = fc.array(fc.constantFrom('net:[7]', ' ', '\n', '-', ':', '[', ']', 'mnt', 'x:[1]', '\\040'));
    fc.assert(
      fc.property(line, (parts) => {
        for (const { type, inode } of parseNamespaceMounts(Buffer.from(parts.join('')))) {
          expect([type, inode]).toEqual(['net', 7]);
        }
      }),
    );
  });
});
