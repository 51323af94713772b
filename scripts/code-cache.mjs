// Makes V8's code cache of a script for this Node, beside it, as src/cli/entry.ts reads it: node scripts/code-cache.mjs FILE
import { Buffer } from 'node:buffer';
import { readFileSync, writeFileSync } from 'node:fs';
import { arch, argv, exit, version } from 'node:process';
import { setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';
import * as zlib from 'node:zlib';

if (!('crc32' in zlib)) exit(0); // before 20.15 a Node cannot count with it either
const { crc32 } = zlib;
const [, , file = ''] = argv;
const program = readFileSync(file);

// All functions are compiled now, and none at a start. The flag is a part of what a cache is for, so that it is as before
// when the cache is made.
setFlagsFromString('--no-lazy');
const script = new Script(program.toString('latin1'), { filename: file });
setFlagsFromString('--lazy');
const cache = script.createCachedData();

const header = Buffer.alloc(16);
header.writeUInt32LE(crc32(program), 0);
header.writeUInt32LE(crc32(cache), 4);
writeFileSync(`${file}.${version}-${arch}.cache`, Buffer.concat([header, cache]));
