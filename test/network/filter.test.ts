import { execa } from 'execa';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findProgram } from '../../src/host/programs.ts';
import { formatAddress, parseAddress } from '../../src/model/subnet.ts';
import { parseUplinkSubnet } from '../../src/model/uplink.ts';
import { filterRules, hubRules } from '../../src/network/filter.ts';
import { uplinkRules } from '../../src/network/uplink-rules.ts';
import { isRoot } from '../support/unshared.ts';

const HOST = {
  links: ['192.0.2.7/24', '192.0.2.7/32', '10.0.0.0/8', 'fd00:1::2/64', 'fe80::1/64'],
  gateways: ['192.0.2.1', 'fe80::9'],
  online: true,
};

const CLOSED = [
  ...['127.0.0.1', '0.0.0.0', '169.254.169.254', '224.0.0.1', '192.0.2.9', '10.1.2.3', '168.63.129.16'],
  ...['::', '::1', '::7f00:1', '::ffff:127.0.0.1', '::ffff:203.0.113.1', '::ffff:0:10.1.2.3', '::203.0.113.1'],
  ...['fe80::2', 'ff02::1', 'fd00:ec2::254', 'fd00:1::9'],
  ...['64:ff9b::127.0.0.1', '64:ff9b::169.254.169.254', '64:ff9b::192.0.2.9', '64:ff9b::10.255.255.255'],
  ...['64:ff9b:1::1', '64:ff9b:1:7f00:0:100::', '64:ff9b:1:ffff:ffff:ffff:127.0.0.1'],
  ...['2002:7f00:1::1', '2002:a9fe:a9fe:ffff::1', '2002:c000:209::', '2002:aff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ...['2001::1', '2001:0:ffff:ffff:ffff:ffff:ffff:ffff'],
];
const OPEN = [
  ...['203.0.113.1', '192.0.3.1', '11.0.0.1', '2001:db8::1', '2001:1::1', '2606:4700::1111', 'fd00:2::1'],
  ...['64:ff9b::203.0.113.1', '64:ff9b::11.0.0.0', '64:ff9b:2::1', '2002:cb00:7101::1', '2002:b00::1'],
];

/** As nft(8) reads every address. */
const plain = (address: string): string => formatAddress(parseAddress(address) ?? expect.fail(address));

/** Runs a line of sh in a network namespace of its own, where nft(8) reads `input`. */
async function inOwnNetwork(line: string, input: string): Promise<string> {
  const options = isRoot ? ['--net'] : ['--user', '--map-root-user', '--net'];
  const { all } = await execa('unshare', [...options, '--', 'sh', '-c', line], { input, all: true });
  return all;
}

describe.skipIf(findProgram('nft') === undefined)('the rules of a way out (needs nft)', () => {
  it.each([
    ['a sandbox', 'inet sandbox', filterRules(HOST)],
    ['the hub of a lab', 'inet lab', hubRules(HOST, '_internet')],
  ])('close to %s what is near, under every address that leads there, and nothing else', async (_, table, rules) => {
    const asked = [...CLOSED, ...OPEN];
    const looks = asked.map((address) => {
      const element = `${table} ${address.includes(':') ? 'near6' : 'near'} "{ ${plain(address)} }"`;
      return `said=$(nft get element ${element} 2>&1); case $said in *elements*) echo ${address} closed ;; *No\\ such\\ file*) echo ${address} open ;; *) echo "$said" ;; esac`;
    });
    const said = await inOwnNetwork(`nft -f - || exit; ${looks.join('; ')}`, rules.join('\n'));
    const expected = [...CLOSED.map((address) => `${address} closed`), ...OPEN.map((address) => `${address} open`)];
    expect(said.split('\n')).toEqual(expected);
  });

  it('are rules that the kernel takes, whatever the networks of the machine are', async () => {
    const bits = (most: number) => fc.integer({ min: 1, max: most });
    const six = fc.ipV6().map(plain);
    const links = fc.array(
      fc.oneof(
        fc.tuple(fc.ipV4(), bits(32)).map(([address, length]) => `${address}/${length}`),
        fc.tuple(six, bits(128)).map(([address, length]) => `${address}/${length}`),
      ),
      { maxLength: 6 },
    );
    const gateways = fc.array(fc.oneof(fc.ipV4(), six), { maxLength: 3 });
    const subnet = parseUplinkSubnet('10.9.8.0/24') ?? expect.fail();
    const hosts = fc.sample(fc.record({ links, gateways, online: fc.constant(true) }), 40);
    const rules = hosts.map((host, number) =>
      [
        filterRules(host),
        hubRules(host, '_internet'),
        uplinkRules({ uid: 1, number: 0, subnet }, { ...host, ways: ['eth0'], forwarding: [] }),
      ]
        .flat()
        .join('\n')
        .replaceAll(/\b(sandbox|lab|unshared_1_0)\b/g, `$1_${number}`),
    );
    expect(await inOwnNetwork('nft -c -f -', rules.join('\n'))).toBe('');
  });
});
