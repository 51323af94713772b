import { interfacesOf, type RawInterface } from './interfaces.ts';

/** What is known of one network from inside. */
export interface NetworkAnswer {
  readonly interfaces: readonly RawInterface[];
  /** The numbers by which it knows other networks, by their descriptor as it was handed in. */
  readonly numbers: ReadonlyMap<number, string>;
  /** Why it could not be read; undefined where it was. */
  readonly unread: string | undefined;
}

/** The answers of the script that reads networks, by descriptor; a line of any other kind is passed over. */
export function parseAnswers(output: string): ReadonlyMap<string, NetworkAnswer> {
  return new Map(output.split(/^N /m).slice(1).map(parseNetwork));
}

function parseNetwork(text: string): readonly [string, NetworkAnswer] {
  const [descriptor = '', ...lines] = text.split('\n');
  const after = (mark: string): readonly string[] =>
    lines.filter((line) => line.startsWith(`${mark} `)).map((line) => line.slice(2));
  const [unread] = after('E');
  const interfaces = interfacesOf(after('M').map((hex) => Buffer.from(hex, 'hex')));
  const numbers = after('I').flatMap((line) => {
    const [, other, number] = /^(\d+) (\d+)$/.exec(line) ?? [];
    return other === undefined ? [] : [[Number(number), other] as const];
  });
  return [descriptor, { interfaces, numbers: new Map(numbers), unread }];
}
