import { readlinkSync } from 'node:fs';
import { argv } from 'node:process';
import { takeSnapshot } from '../../../src/discovery/snapshot.ts';
import { lookAtNetworks } from '../../../src/sandbox/look-at-networks.ts';
import { tryFrom } from '../../../src/sandbox/reach.ts';

/** Run as somebody else: prints the wiring as that user sees it, and what the network of a process reaches. */
const [pid = '', ...addresses] = argv.slice(2);
const wiring = await lookAtNetworks(takeSnapshot(), []);
const inode = Number(readlinkSync(`/proc/${pid}/ns/net`).slice(5, -1));
const network = wiring.networks.find((one) => one.inode === inode);
const reach =
  network && (await tryFrom({ network, path: `/proc/${pid}/ns/net`, at: undefined }, addresses, 9, undefined));
console.log(JSON.stringify({ wiring, reach }));
