import * as v from 'valibot';
import type { FileWrite, LimitKind, Shape, UnitProperty, WrittenLimit } from './kind.ts';
import { bytesOf, bytesText, countOf, wireCount } from './numbers.ts';

/** Bytes and operations in a second, as io.max names them (cgroup-v2.rst, "IO Interface Files"). */
export interface IoRates {
  readonly rbps?: number | undefined;
  readonly wbps?: number | undefined;
  readonly riops?: number | undefined;
  readonly wiops?: number | undefined;
}

/** At least one rate of a disk, by its path or by `MAJ:MIN`. */
export interface DeviceRates extends IoRates {
  readonly device: string;
}

/** The same of the whole disk with these numbers. */
export interface DiskRates extends IoRates {
  readonly major: number;
  readonly minor: number;
}

type Rate = keyof IoRates;
const RATES: readonly Rate[] = ['rbps', 'wbps', 'riops', 'wiops'];

/** The kernel keeps operations in 32 bits, and its largest number is no limit (block/blk-throttle.c). */
const MOST_OPERATIONS = 2 ** 32 - 2;
/** Of a device number (linux/kdev_t.h). */
const MAJORS = 2 ** 12 - 1;
const MINORS = 2 ** 20 - 1;
/** More disks than one sandbox needs. */
const MOST_DISKS = 64;

const RATE = '(?:[rw]bps=(?:max|\\d+(?:\\.\\d+)?[KMGTkmgt]?)|[rw]iops=(?:max|\\d+))';
const RATES_TEXT: Shape = {
  pattern: new RegExp(`^${RATE}(?: ${RATE})*$`),
  expected:
    'rates of a disk such as "rbps=10M wiops=100": rbps and wbps are bytes in a second, riops and wiops operations in a second, each once, "max" for no limit',
  is: (text) => ratesOf(text) !== null,
};
const DEVICE: Shape = {
  pattern: /^(?:\/[^\s,]+|\d{1,4}:\d{1,7})$/,
  expected: 'the path of a disk such as "/dev/vda", or its numbers such as "254:0"',
  is: (text) => DEVICE.pattern.test(text),
};

const most = (rate: Rate): number => (rate.endsWith('bps') ? Number.MAX_SAFE_INTEGER : MOST_OPERATIONS);
const wireRate = (rate: Rate) => v.optional(wireCount(1, most(rate)));

export const IO_RATES: LimitKind<readonly DeviceRates[], readonly DiskRates[]> = {
  expected:
    'disks with their rates, such as { "/dev/vda": "rbps=10M wiops=100" }, on a command line /dev/vda rbps=10M wiops=100',
  json: { name: DEVICE, text: RATES_TEXT },
  wire: v.pipe(
    v.array(
      v.pipe(
        v.strictObject({
          major: wireCount(0, MAJORS),
          minor: wireCount(0, MINORS),
          rbps: wireRate('rbps'),
          wbps: wireRate('wbps'),
          riops: wireRate('riops'),
          wiops: wireRate('wiops'),
        }),
        v.check((disk) => ratesIn(disk).length > 0),
      ),
    ),
    v.minLength(1),
    v.maxLength(MOST_DISKS),
  ),
  read: deviceRatesOf,
  format: (disks) => disks.map((disk) => `${disk.device} ${ratesIn(disk).map(rateText).join(' ')}`).join(', '),
  writes: (file, disks) => disks.map((disk) => lineInto(file, disk)),
};

function deviceRatesOf(written: WrittenLimit): readonly DeviceRates[] | null | undefined {
  if (typeof written === 'number') return null;
  const said = typeof written === 'string' ? entriesOf(written) : Object.entries(written);
  if (!said.every(([device, text]) => DEVICE.is(device) && RATES_TEXT.is(text)) || said.length > MOST_DISKS)
    return null;
  const disks = said.map(([device, text]) => ({ device, ...ratesOf(text) }));
  const limited = disks.filter((disk) => ratesIn(disk).length > 0);
  return limited.length === 0 ? undefined : limited;
}

/** `/dev/vda rbps=10M wiops=100, 8:0 wbps=1M` */
function entriesOf(text: string): readonly (readonly [string, string])[] {
  if (text === '') return [];
  return text.split(/, ?/).map((one) => {
    const [device = '', ...rates] = one.split(' ');
    return [device, rates.join(' ')];
  });
}

/** Null where it is none, or where a rate is there twice. */
function ratesOf(text: string): IoRates | null {
  if (!RATES_TEXT.pattern.test(text)) return null;
  const said = text.split(' ').map((word) => word.split('=') as [Rate, string]);
  const rates = said.map(([rate, amount]) => [rate, amount === 'max' ? undefined : rateOf(rate, amount)] as const);
  const isWrong = new Set(said.map(([rate]) => rate)).size < said.length || rates.some(([, value]) => value === null);
  return isWrong ? null : Object.fromEntries(rates.filter(([, value]) => value !== undefined));
}

function rateOf(rate: Rate, amount: string): number | null {
  return rate.endsWith('bps') ? bytesOf(amount) : countOf(Number(amount), 1, most(rate));
}

function ratesIn(rates: IoRates): readonly (readonly [Rate, number])[] {
  return RATES.flatMap((rate) => (rates[rate] === undefined ? [] : [[rate, rates[rate]] as const]));
}

function rateText([rate, value]: readonly [Rate, number]): string {
  return `${rate}=${rate.endsWith('bps') ? bytesText(value) : value}`;
}

/** The file has a line for each disk, with all four rates. */
function lineInto(file: string, disk: DiskRates): FileWrite {
  const words = ratesIn(disk).map(([rate, value]) => `${rate}=${value}`);
  const holds = (kept: string): boolean => {
    const [, ...found] =
      kept
        .split('\n')
        .find((line) => line.startsWith(`${numbers(disk)} `))
        ?.split(' ') ?? [];
    return words.every((word) => found.includes(word));
  };
  return { file, text: [numbers(disk), ...words].join(' '), holds };
}

const LEGACY_FILES: Readonly<Record<Rate, string>> = {
  rbps: 'blkio.throttle.read_bps_device',
  wbps: 'blkio.throttle.write_bps_device',
  riops: 'blkio.throttle.read_iops_device',
  wiops: 'blkio.throttle.write_iops_device',
};

/** On v1 a file for each rate, with a line for each disk (cgroup-v1/blkio-controller.rst). */
export function legacyRates(disks: readonly DiskRates[]): readonly FileWrite[] {
  return disks.flatMap((disk) =>
    ratesIn(disk).map(([rate, value]) => {
      const text = `${numbers(disk)} ${value}`;
      return { file: LEGACY_FILES[rate], text, holds: (kept: string) => kept.split('\n').includes(text) };
    }),
  );
}

const PROPERTIES: Readonly<Record<Rate, string>> = {
  rbps: 'IOReadBandwidthMax',
  wbps: 'IOWriteBandwidthMax',
  riops: 'IOReadIOPSMax',
  wiops: 'IOWriteIOPSMax',
};

/** systemd takes paths; udev(7) keeps one with the numbers of each disk. */
export function rateProperties(disks: readonly DiskRates[]): readonly UnitProperty[] {
  return RATES.flatMap((rate): readonly UnitProperty[] => {
    const pairs = disks.flatMap((disk) =>
      disk[rate] === undefined ? [] : [[`/dev/block/${numbers(disk)}`, String(disk[rate])]],
    );
    return pairs.length === 0 ? [] : [[PROPERTIES[rate], 'a(st)', String(pairs.length), ...pairs.flat()]];
  });
}

function numbers({ major, minor }: DiskRates): string {
  return `${major}:${minor}`;
}
