import { once } from 'node:events';
import { connect } from 'node:net';
import { startTimeOf } from '../../src/discovery/pin.ts';
import {
  CALL,
  ERROR,
  message,
  messageLength,
  replySerialOf,
  RETURN,
  senderOf,
  serialOf,
  typeOf,
  type Value,
} from './d-bus.ts';

const AGENT = '/org/test/agent';

/**
 * A desktop's agent for what one process starts, whose user closes each dialog at once: it answers polkitd as the agents of
 * desktops then do. `asked` is called for each dialog. It ends with this process.
 */
export async function dismissingAgent(asked: () => void, pid = process.pid): Promise<void> {
  const bus = connect('/run/dbus/system_bus_socket');
  bus.write(`\0AUTH EXTERNAL ${Buffer.from(String(process.getuid?.())).toString('hex')}\r\n`);
  await once(bus, 'data');
  bus.write('BEGIN\r\n');
  bus.write(call(1, ['org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus', 'Hello']));
  bus.write(call(2, REGISTER, '(sa{sv})ss', registration(pid)));
  let rest: Buffer = Buffer.alloc(0);
  await new Promise<void>((resolve, reject) => {
    bus.on('data', (bytes: Buffer) => {
      rest = Buffer.concat([rest, bytes]);
      for (let length = messageLength(rest); length <= rest.length; length = messageLength(rest)) {
        const one = rest.subarray(0, length);
        rest = rest.subarray(length);
        if (typeOf(one) === ERROR) reject(new Error(one.toString('latin1')));
        if (typeOf(one) === RETURN && replySerialOf(one) === 2) resolve();
        if (typeOf(one) !== CALL) continue;
        asked();
        bus.write(dismissal(one));
      }
    });
  });
}

const REGISTER = [
  'org.freedesktop.PolicyKit1',
  '/org/freedesktop/PolicyKit1/Authority',
  'org.freedesktop.PolicyKit1.Authority',
  'RegisterAuthenticationAgent',
] as const;

function call(
  serial: number,
  [destination, path, of, member]: readonly [string, string, string, string],
  signature?: string,
  body: readonly Value[] = [],
): Buffer {
  return message(
    CALL,
    serial,
    [
      ['path', 'o', path],
      ['interface', 's', of],
      ['member', 's', member],
      ['destination', 's', destination],
      ...(signature === undefined ? [] : ([['signature', 'g', signature]] as const)),
    ],
    body,
  );
}

/** A process as a subject, the language of the dialogs, and where the agent is. */
function registration(pid: number): readonly Value[] {
  const details: readonly Value[] = [
    [
      '()',
      [
        ['s', 'pid'],
        ['g', 'u'],
        ['u', pid],
      ],
    ],
    [
      '()',
      [
        ['s', 'start-time'],
        ['g', 't'],
        ['t', startTimeOf(pid) ?? 0],
      ],
    ],
  ];
  return [
    [
      '()',
      [
        ['s', 'unix-process'],
        ['a()', details],
      ],
    ],
    ['s', 'C'],
    ['s', AGENT],
  ];
}

function dismissal(asking: Buffer): Buffer {
  return message(ERROR, serialOf(asking) + 100, [
    ['errorName', 's', 'org.freedesktop.PolicyKit1.Error.Cancelled'],
    ['replySerial', 'u', serialOf(asking)],
    ['destination', 's', senderOf(asking)],
  ]);
}
