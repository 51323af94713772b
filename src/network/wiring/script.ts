import { SYSTEM_MODULES } from './system-modules.ts';

/**
 * What reads networks: a script of perl(1), because entering a network namespace takes a process of one thread, and a namespace's
 * number for another (RTM_GETNSID) takes rtnetlink(7), which ip(8) does not ask by descriptor. It asks and changes nothing.
 *
 * Arguments: the number of setns(2), descriptors of the networks to enter (`here` is not to enter any), descriptors of
 * the networks to be told apart. It prints `N DESCRIPTOR` for each that it has entered, `M HEX` for each piece of netlink that it
 * was answered, `I DESCRIPTOR NUMBER` for each network that has a number there, and `E REASON` where it could not enter.
 */
export const READ_NETWORKS = `
${SYSTEM_MODULES}
use strict; $| = 0; $SIG{ALRM} = sub { exit 0 }; alarm 8;
my ($setns, $enter, $others) = @ARGV;
my ($GETLINK, $GETADDR, $GETNSID, $DUMP, $REQUEST, $SKIP_STATS) = (18, 22, 90, 0x301, 1, 8);
for my $network (split /,/, $enter) {
  print "N $network\\n";
  if ($network ne 'here' and syscall($setns + 0, $network + 0, 0x40000000) != 0) { print "E $!\\n"; next }
  socket(my $kernel, 16, 3, 0) or do { print "E $!\\n"; next };
  my $ask = sub { my ($type, $flags, $number, $body) = @_;
    send $kernel, pack('LSSLL', 16 + length $body, $type, $flags, $number, 0) . $body, 0, pack('SSLL', 16, 0, 0, 0) };
  my %wanted;
  for my $question ([$GETLINK, pack('x16SSL', 8, 29, $SKIP_STATS)], [$GETADDR, pack('x8')]) {
    $ask->($question->[0], $DUMP, 1, $question->[1]);
    for (my $done = 0; !$done;) {
      defined recv $kernel, my $piece, 65536, 0 or last;
      print 'M ', unpack('H*', $piece), "\\n";
      $wanted{unpack 'l', $1} = 1 while $piece =~ /\\x08\\x00\\x25\\x00(.{4})/sg;
      for (my $at = 0; $at + 16 <= length $piece;) {
        my ($length, $type) = unpack 'LS', substr $piece, $at;
        $done = 1 if $type == 3 or $type == 2 or $length < 16;
        last if $done;
        $at += ($length + 3) & ~3;
      }
    }
  }
  my @others = split /,/, $others;
  while (%wanted and my @some = splice @others, 0, 20) {
    $ask->($GETNSID, $REQUEST, $_, pack('x4SSL', 8, 3, $_)) for @some;
    for (@some) {
      defined recv $kernel, my $piece, 4096, 0 or last;
      my ($type, $number) = unpack 'x4Sx2L', $piece;
      my $id = unpack 'l', substr $piece, 24, 4;
      next unless $type == 88 and $id >= 0;
      print "I $number $id\\n";
      delete $wanted{$id};
    }
  }
}
`;

const SETNS: Readonly<Partial<Record<NodeJS.Architecture, number>>> = { x64: 308, arm64: 268 };

/** The arguments of perl(1) that run it. Without a number of setns(2) for this architecture, it can read where it is alone. */
export function readNetworksArguments(enter: readonly string[], others: readonly string[]): readonly string[] {
  return ['-f', '-e', READ_NETWORKS, '--', String(SETNS[process.arch] ?? -1), enter.join(','), others.join(',')];
}
