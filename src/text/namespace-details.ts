import type { IdRange, Listening, NamespaceDetails, Route } from '../model/namespace-details.ts';
import { count } from './units.ts';

/** What is in a namespace: names and texts, in the order in which they are to be read. */
export function detailTexts(details: NamespaceDetails): readonly (readonly [string, string])[] {
  switch (details.type) {
    case 'user':
      return [
        ['user ids', idMapText(details.uidMap)],
        ['group ids', idMapText(details.gidMap)],
      ];
    case 'mnt':
      return [['mounts', `${details.mounts}`]];
    case 'pid':
      return [];
    case 'net':
      return [
        ['links', listed(details.links)],
        ['addresses', listed(details.addresses)],
        ['routes', listed(details.routes.map(routeText))],
        ['listening', listed(details.listening.map(listeningText))],
      ];
    case 'ipc':
      return [
        [
          'System V',
          [
            count(details.semaphores, 'semaphore set', 'semaphore sets'),
            count(details.segments, 'shared memory segment', 'shared memory segments'),
            count(details.queues, 'message queue', 'message queues'),
          ].join(', '),
        ],
      ];
    case 'uts':
      return [['host name', details.hostname]];
    case 'cgroup':
      return Object.entries(details.roots).map(([hierarchy, root]) => [`root of ${hierarchy || 'cgroup2'}`, root]);
    case 'time':
      return [
        ['monotonic clock', offsetText(details.monotonic)],
        ['boot clock', offsetText(details.boottime)],
      ];
  }
}

/** `0–65535 are 100000–165535` */
function idMapText(ranges: readonly IdRange[]): string {
  return listed(
    ranges.map(({ inside, outside, count: length }) => `${span(inside, length)} are ${span(outside, length)}`),
  );
}

function span(first: number, length: number): string {
  return length === 1 ? `${first}` : `${first}–${first + length - 1}`;
}

function routeText({ to, via, device }: Route): string {
  return `${to}${via === undefined ? '' : ` via ${via}`} dev ${device}`;
}

/** `tcp 127.0.0.1:8080`, `tcp [::1]:8081` */
export function listeningText({ protocol, address, port }: Listening): string {
  return `${protocol} ${address.includes(':') ? `[${address}]` : address}:${port}`;
}

function offsetText(seconds: number): string {
  return `${seconds < 0 ? '' : '+'}${seconds} s`;
}

const MANY = 8;

function listed(texts: readonly string[]): string {
  const shown = texts.slice(0, MANY);
  const more = texts.length > MANY ? [`${texts.length - MANY} more`] : [];
  return [...shown, ...more].join(', ') || 'none';
}
