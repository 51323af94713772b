import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

export const HELPER = resolve('dist/helper.cjs');

/** A helper to which anything can be written, and what it has answered so far. */
export interface RawHelper {
  readonly pid: number;
  /** Writes bytes as they are, and waits until the pipe has taken them. */
  write(bytes: string | Buffer): Promise<void>;
  /** The answer to a request, after all that was written before it. */
  ask(method: string, params: unknown): Promise<RawAnswer>;
  /** What was seen in all answers: results, errors, and lines about privileged acts. */
  readonly seen: { readonly results: number; readonly errors: number; readonly acts: number };
  /** Its resident memory in bytes. */
  rss(): number;
  readonly exit: Promise<readonly [number | null, string | null]>;
  /** Ends it and waits. */
  end(): Promise<void>;
}

export interface RawAnswer {
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string };
}

export function framed(body: string | Buffer): Buffer {
  return Buffer.concat([Buffer.from(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n`), Buffer.from(body)]);
}

/** Far from the ids that are in any other message. */
const FIRST_OWN_ID = 4_000_000_000;

/** Starts one; the words of `wrap` stand in front of its command line. */
export function startRaw(env: Readonly<Record<string, string>> = {}, wrap: readonly string[] = []): RawHelper {
  const [file, ...args] = [...wrap, process.execPath, HELPER];
  const child: ChildProcess = spawn(file, args, { stdio: ['pipe', 'pipe', 'ignore'], env });
  const { stdin, stdout } = child;
  if (stdin === null || stdout === null || child.pid === undefined) throw new Error('no helper');
  const { pid } = child;
  const exit = once(child, 'exit') as Promise<[number | null, string | null]>;
  const seen = { results: 0, errors: 0, acts: 0 };
  const waiting = new Map<number, (answer: RawAnswer) => void>();
  let nextId = FIRST_OWN_ID;
  let rest = '';
  stdin.on('error', () => undefined);
  stdout.setEncoding('utf8').on('data', (text: string) => {
    const bodies = (rest + text).split(/Content-Length: \d+\r\n\r\n/);
    rest = bodies.pop() ?? '';
    for (const body of rest.endsWith('}') && isWhole(rest) ? [...bodies, takeRest()] : bodies) note(body);
  });
  const takeRest = (): string => {
    const whole = rest;
    rest = '';
    return whole;
  };
  const note = (body: string): void => {
    if (body.includes('"method":"act"')) seen.acts += 1;
    else if (body.includes('"result":')) seen.results += 1;
    else if (body.includes('"error":')) seen.errors += 1;
    const id = Number(/^\{"jsonrpc":"2.0","id":(4\d{9}),/.exec(body)?.[1]);
    waiting.get(id)?.(JSON.parse(body) as RawAnswer);
    waiting.delete(id);
  };
  const write = async (bytes: string | Buffer): Promise<void> => {
    if (!stdin.write(bytes)) await Promise.race([once(stdin, 'drain'), exit]);
  };
  return {
    pid,
    write,
    ask: async (method, params) => {
      const id = nextId++;
      const answer = new Promise<RawAnswer>((resolve) => waiting.set(id, resolve));
      await write(framed(JSON.stringify({ jsonrpc: '2.0', id, method, params })));
      const ended = exit.then(([code, signal]) => {
        throw new Error(`the helper has ended: ${code ?? signal ?? ''}`);
      });
      return Promise.race([answer, ended]);
    },
    seen,
    rss: () => Number(/VmRSS:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) * 1024,
    exit,
    end: async () => {
      stdin.end();
      await exit;
    },
  };
}

/** A body that was cut is no JSON. */
function isWhole(body: string): boolean {
  try {
    JSON.parse(body);
    return true;
  } catch {
    return false;
  }
}
