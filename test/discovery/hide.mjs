// Makes a namespace in which no process is, tells it as a line of JSON, and keeps it until its input ends.
// node hide.mjs descriptor|socket|thread|children — where unshare(2) and setns(2) of network namespaces are allowed.
import koffi from 'koffi';
import { openSync, readlinkSync } from 'node:fs';
import { argv, pid, stdin } from 'node:process';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, threadId, Worker } from 'node:worker_threads';

const CLONE_NEWNET = 0x4000_0000;
const CLONE_NEWTIME = 0x80;
const [AF_INET, SOCK_DGRAM] = [2, 2];

const libc = koffi.load('libc.so.6');
const unshare = call('unshare', 'int unshare(int)');
const setns = call('setns', 'int setns(int, int)');
const socket = call('socket', 'int socket(int, int, int)');

/** @type {Readonly<Record<string, () => void>>} */
const KINDS = {
  descriptor: () =>
    told(
      'net',
      'net',
      inNetworkOfItsOwn(() => openSync('/proc/thread-self/ns/net', 'r')),
    ),
  socket: () =>
    told(
      'net',
      'net',
      inNetworkOfItsOwn(() => socket(AF_INET, SOCK_DGRAM, 0)),
    ),
  thread: () => {
    new Worker(fileURLToPath(import.meta.url), { argv: argv.slice(2) });
  },
  children: () => {
    unshare(CLONE_NEWTIME);
    told('time', 'time_for_children', {});
  },
};

if (isMainThread) {
  KINDS[argv[2] ?? '']?.();
  stdin.on('end', () => process.exit()).resume();
} else {
  unshare(CLONE_NEWNET);
  const [, tid] = readlinkSync('/proc/thread-self').split('/task/');
  told('net', 'net', { tid: Number(tid) });
  parentPort?.on('message', () => threadId);
}

/**
 * @param {() => number} hold what holds the new network when the thread has left it
 */
function inNetworkOfItsOwn(hold) {
  const back = openSync('/proc/thread-self/ns/net', 'r');
  unshare(CLONE_NEWNET);
  const inode = inodeOf('net');
  const fd = hold();
  setns(back, CLONE_NEWNET);
  return { fd, inode };
}

/** @param {string} link */
function inodeOf(link) {
  return Number(/\d+/.exec(readlinkSync(`/proc/thread-self/ns/${link}`)));
}

/**
 * @param {string} type
 * @param {string} link
 * @param {object} more
 */
function told(type, link, more) {
  process.stdout.write(`${JSON.stringify({ type, inode: inodeOf(link), pid, ...more })}\n`);
}

/**
 * @param {string} name
 * @param {string} prototype
 * @returns {(...args: readonly number[]) => number} throws where the kernel refuses
 */
function call(name, prototype) {
  const native = /** @type {(...args: readonly number[]) => number} */ (libc.func(prototype));
  return (...args) => {
    const result = native(...args);
    if (result < 0) throw new Error(`${name} has failed with errno ${koffi.errno()}`);
    return result;
  };
}
