import { SYSTEM_MODULES } from './system-modules.ts';

/**
 * What tries who can be reached: a script of perl(1), because ping(8) is not on every machine and asks one address at a time. It runs
 * in the network from which it is tried, and sends one ICMP echo request and, where a port is given, one TCP connect to each address.
 *
 * Arguments: a port or an empty word, seconds to wait, addresses. It prints `R INDEX ping`, `R INDEX open` and `R INDEX refused` for
 * what has answered, and `F REASON` where this user may send no ICMP there (icmp(7)).
 */
const TRY_ADDRESSES = `
${SYSTEM_MODULES}
use strict; use Socket qw(:DEFAULT inet_pton pack_sockaddr_in6 AF_INET6); use Fcntl; use Errno qw(EINPROGRESS ECONNREFUSED);
my ($port, $wait, @addresses) = @ARGV;
my ($id, %raw, %connecting) = ($$ & 0xffff);
sub place { my ($address, $port) = @_; $address =~ /:/
  ? pack_sockaddr_in6($port, inet_pton(AF_INET6, $address)) : pack_sockaddr_in($port, inet_aton($address)) }
sub sum { my $sum = 0; $sum += $_ for unpack 'n*', $_[0]; $sum = ($sum >> 16) + ($sum & 0xffff) for 1, 2; ~$sum & 0xffff }
for my $index (0 .. $#addresses) {
  my $six = $addresses[$index] =~ /:/;
  my ($family, $protocol, $type) = $six ? (AF_INET6, 58, 128) : (AF_INET, 1, 8);
  if (!exists $raw{$family}) {
    my $socket;
    print "F $!\\n" unless socket $socket, $family, SOCK_RAW, $protocol;
    $raw{$family} = defined $socket && fileno $socket ? $socket : undef;
  }
  if ($raw{$family}) {
    my $echo = pack 'CCnnn', $type, 0, 0, $id, $index;
    send $raw{$family}, pack('CCnnn', $type, 0, sum($echo), $id, $index), 0, place($addresses[$index], 0);
  }
  next if $port eq '';
  socket(my $socket, $family, SOCK_STREAM, 6) or next;
  fcntl $socket, F_SETFL, O_NONBLOCK;
  if (connect $socket, place($addresses[$index], $port)) { print "R $index open\\n" }
  elsif ($! == EINPROGRESS) { $connecting{$index} = $socket }
  elsif ($! == ECONNREFUSED) { print "R $index refused\\n" }
}
my ($end, %answered) = (time + $wait + 1);
my $pings = grep { defined } values %raw;
while (time < $end and (keys %connecting or $pings and keys %answered < @addresses)) {
  my ($reads, $writes) = ('', '');
  defined and vec($reads, fileno $_, 1) = 1 for values %raw;
  vec($writes, fileno $_, 1) = 1 for values %connecting;
  select $reads, $writes, undef, 0.1;
  for my $family (grep { defined $raw{$_} and vec $reads, fileno $raw{$_}, 1 } keys %raw) {
    recv $raw{$family}, my $packet, 2048, 0;
    $packet = substr $packet, 4 * (ord($packet) & 15) if $family == AF_INET;
    my ($type, undef, undef, $of, $index) = unpack 'CCnnn', $packet;
    next unless $of == $id and $type == ($family == AF_INET ? 0 : 129) and $index <= $#addresses;
    print "R $index ping\\n" unless $answered{$index}++;
  }
  for my $index (grep { vec $writes, fileno $connecting{$_}, 1 } keys %connecting) {
    my $error = unpack 'l', getsockopt delete $connecting{$index}, SOL_SOCKET, SO_ERROR;
    print "R $index open\\n" if $error == 0;
    print "R $index refused\\n" if $error == ECONNREFUSED;
  }
}
`;

/** How long an answer may take, in seconds: longer than any link of one machine is made to take. */
const PATIENCE = 1;

/** The arguments of perl(1) that run it. */
export function tryAddressesArguments(addresses: readonly string[], port: number | undefined): readonly string[] {
  return ['-f', '-e', TRY_ADDRESSES, '--', port === undefined ? '' : String(port), String(PATIENCE), ...addresses];
}

/** What came of one address. */
export interface Tried {
  readonly ping: boolean;
  /** Of the port; undefined where nothing was asked, or nothing came back. */
  readonly port: 'open' | 'refused' | undefined;
}

export interface Tries {
  readonly tried: readonly Tried[];
  /** Why no ICMP could be sent; undefined where it could. */
  readonly noPing: string | undefined;
}

/** The answers of the script, in the order of the addresses. */
export function parseTries(output: string, addresses: readonly string[]): Tries {
  const said = new Set(output.split('\n'));
  const port = (index: number): Tried['port'] =>
    (['open', 'refused'] as const).find((state) => said.has(`R ${index} ${state}`));
  return {
    tried: addresses.map((_, index) => ({ ping: said.has(`R ${index} ping`), port: port(index) })),
    noPing: /^F (.*)$/m.exec(output)?.[1],
  };
}
