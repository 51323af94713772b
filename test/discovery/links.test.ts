import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseLinks, parseName } from '../../src/discovery/links.ts';

it('gives the inodes of those links that could be read', () => {
  expect(parseLinks('user:[4026531837] pid:[4026531836]')).toEqual({ user: 4026531837, pid: 4026531836 });
  expect(parseLinks('')).toEqual({});
});

it('knows a namespace by its name, and nothing else', () => {
  expect(parseName('net:[4026532567]')).toEqual({ type: 'net', inode: 4026532567 });
  for (const other of ['socket:[7]', 'net:[]', 'net:[7] ', ' net:[7]', 'net:[7]\n', '/net:[7]', 'future:[7]', ''])
    expect(parseName(other), other).toBeUndefined();
});

it('reads back every name, and throws at nothing', () => {
  fc.assert(fc.property(fc.nat(), (inode) => parseName(`uts:[${inode}]`)?.inode === inode));
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseName(text)));
});
