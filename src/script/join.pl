# Enters a sandbox: PID STARTED KEEPER KEPT COMMAND…. One process holds the terminal of the caller and stays outside. Another
# enters every namespace and leaves at once; its child is confined and becomes the command. From the first setns(2) to execve(2)
# nothing is opened and nothing is run.
my ($report, $terminal, $entering, $joiner, $status, %gone, %closing);
sub failed {
  my $errno = shift;
  if (defined $report) { syswrite $report, "failed $errno $step " . escaped($about) . "\n"; kernel("exit_group", 1) }
  say_failure($errno);
}

sub say_failure {
  my ($code, $sentence) = ending($_[0]);
  give_up($sentence, $code);
}

sub give_up {
  my ($sentence, $code) = @_;
  restore();
  for (grep { defined } $entering, defined $status ? () : $joiner) { kill 9, $_; waitpid $_, 0 }
  syswrite STDERR, "$sentence\n";
  exit $code;
}

read_facts($ENV{facts});
# What ps(1) shows of it outside, in place of this text.
$0 = "unshared: enters $facts{name}[0]";
my ($pid, $since, $keeper, $kept) = splice @ARGV, 0, 4;
@command = @ARGV if @ARGV;
my $filter = $facts{filter} && read_filter($facts{filter}[0]);
my $killed = kills();
my $process = pin($pid, $since, "The sandbox has ended.");
my @early = namespaces($process, @{$facts{early} || []});
my @parent = $facts{parent} ? namespaces(pin($keeper, $kept, $facts{lost}[0]), "user", @{$facts{parent}}) : ();
my @own = namespaces($process, "user", "mnt", @{$facts{own}});
my $inside = must(open_at($process, "root", $O_PATH | $O_DIRECTORY, 0));
for (@landlock) { ($step, $about) = ("landlock", $$_[1]); $$_[1] = must(open_at($inside, $$_[1], $O_PATH, $IN_ROOT | $NO_SYMLINKS)) }
my (@streams, @relays);
my $has_terminal = -t STDIN && -t STDOUT;
streams();
my $heard = hear();
my $told = enter();
relay();

# A folder of /proc is of one process: reads through it fail once that has ended. Its start time says that it is the one that is meant,
# proc_pid_stat(5).
sub pin {
  my ($number, $start, $otherwise) = @_;
  my $folder = open_at($AT_FDCWD, "/proc/$number", $O_PATH | $O_DIRECTORY, 0);
  my $stat = $folder < 0 ? -1 : open_at($folder, "stat", 0, 0);
  my $line = $stat < 0 ? undef : readline handle($stat);
  my @fields = defined $line ? split / /, substr $line, 2 + rindex $line, ")" : ();
  give_up($otherwise, 1) unless @fields > 19 && $fields[19] eq $start;
  return $folder;
}

sub namespaces { my ($folder, @types) = @_; return map { ($step, $about) = ("namespace", $_); must(open_at($folder, "ns/$_", 0, 0)) } @types }

# What the command gets as its streams: never the terminal of the caller, never a file that it could open again to write, and never a
# socket, which is in a network of this machine.
sub streams {
  $step = "streams";
  for my $stream (\*STDIN, \*STDOUT, \*STDERR) { give_up("A folder cannot be input or output of a sandbox.", 1) if -d $stream }
  my $slave = $has_terminal ? open_terminal() : undef;
  @streams = map { $_->[1] || -t $_->[0] || -S $_->[0] ? stream($_->[0], $_->[2], $slave) : fileno $_->[0] }
    ([\*STDIN, scalar -f STDIN, 0], [\*STDOUT, 0, 1], [\*STDERR, 0, 1]);
}

sub stream {
  my ($own, $is_output, $slave) = @_;
  return $slave if defined $slave && -t $own;
  pipe my $from, my $to or failed(0 + $!);
  my $near = $is_output ? $from : $to;
  fcntl $near, 4, $O_NONBLOCK or failed(0 + $!);
  $closing{$is_output ? fileno $to : fileno $from} = $is_output ? $to : $from;
  push @relays, $is_output ? { from => $from, to => $own, rest => "" } : { from => $own, to => $to, rest => "", closes => 1 };
  return fileno($is_output ? $to : $from);
}

# A terminal of the sandbox, pts(4), that is as the one of the caller is.
sub open_terminal {
  $step = "terminal";
  my $descriptor = must(open_at($inside, "dev/pts/ptmx", 02 | $O_NOCTTY | $O_NONBLOCK, $IN_ROOT | $NO_SYMLINKS));
  $terminal = handle($descriptor);
  my @stat = stat $terminal;
  give_up("The terminals of this sandbox are not its own.", 1) unless ($stat[2] & 0170000) == 0020000 && $stat[6] == 0x502;
  my ($settings, $lock) = ("\0" x 64, pack "i", 0);
  ioctl $terminal, 0x40045431, $lock or failed(0 + $!);
  my $slave = ioctl $terminal, 0x5441, 02 | $O_NOCTTY or failed(0 + $!);
  my $handle = handle(0 + $slave);
  $closing{fileno $handle} = $handle;
  chown @{$facts{terminal}}, $handle or failed(0 + $!) if $facts{terminal};
  ioctl $handle, 0x5402, $settings if ioctl STDIN, 0x5401, $settings;
  push @relays, { from => \*STDIN, to => $terminal, rest => "" }, { from => $terminal, to => \*STDOUT, rest => "" };
  resize();
  return fileno $handle;
}

sub resize { my $size = "\0" x 8; ioctl $terminal, 0x5414, $size if ioctl STDIN, 0x5413, $size }

# Every key goes inside as it is, termios(3); afterwards the terminal is as it was.
my $settings;
sub raw {
  my $now = "\0" x 64;
  return unless ioctl STDIN, 0x5401, $now;
  $settings = $now;
  my ($input, $output, $control, $local, $line, @keys) = unpack "L4 C C19", $now;
  @keys[5, 6] = (0, 1);
  my $raw = pack "L4 C C19", $input & ~02753, $output & ~01, $control & ~0460 | 060, $local & ~0100113, $line, @keys;
  ioctl STDIN, 0x5402, $raw . "\0" x 40;
}

sub restore { ioctl STDIN, 0x5402, $settings if defined $settings; undef $settings }

# Signals come as bytes of a descriptor, signalfd(2).
my ($SIGHUP, $SIGINT, $SIGQUIT, $SIGTERM, $SIGCHLD, $SIGWINCH);
BEGIN { ($SIGHUP, $SIGINT, $SIGQUIT, $SIGTERM, $SIGCHLD, $SIGWINCH) = (1, 2, 3, 15, 17, 28) }
sub hear {
  $step = "signals";
  my $bits = 0;
  $bits |= 1 << $_ - 1 for $SIGHUP, $SIGINT, $SIGQUIT, $SIGTERM, $SIGCHLD, $SIGWINCH;
  my $signals = pack "Q", $bits;
  must(kernel("rt_sigprocmask", 0, \$signals, 0, 8));
  return handle(must(kernel("signalfd4", -1, \$signals, 8, $O_CLOEXEC)));
}

sub enter {
  pipe my $told, my $tell or failed(0 + $!);
  $entering = fork // failed(0 + $!);
  if ($entering) { $SIG{PIPE} = "IGNORE"; close $tell; close $_ for values %closing; %closing = (); return $told }
  $report = $tell;
  hide();
  ($step, $about) = ("enter", "");
  enter_all(@early);
  shift_ids() if $facts{shift};
  enter_all(@parent, @own);
  # The child has the parent of this process, clone(2): CLONE_PARENT, SIGCHLD.
  my $child = must(kernel("clone", 0x8000 | 17, 0, 0, 0, 0));
  if ($child) { syswrite $report, "joiner $child\n"; kernel("exit_group", 0) }
  leave_keys();
  join_streams();
  become($filter, fileno $report);
}

sub enter_all { for (@_) { must(kernel("setns", $_, 0)) } }

# The caller is root, who is nobody inside.
sub shift_ids {
  my ($id) = @{$facts{shift}};
  must(kernel("setgroups", 0, 0));
  must(kernel("setresgid", ($id) x 3));
  must(kernel("setresuid", ($id) x 3));
  hide();
}

# A session of its own, and in it the terminal of the sandbox.
sub join_streams {
  ($step, $about) = ("session", "");
  must(kernel("setsid"));
  my @copies = map { must(kernel("fcntl", $_, 1030, 100)) } @streams;
  for (0 .. 2) { must(kernel("dup3", $copies[$_], $_, 0)) }
  wait_at_streams();
  must(kernel("ioctl", 0, 0x540e, 0)) if $has_terminal;
  must(kernel("rt_sigprocmask", 2, \pack("Q", 0), 0, 8));
}

# Carries bytes and signals until the command has ended.
sub relay {
  my $deadline = time + 30;
  raw() if $has_terminal;
  for (;;) {
    my ($readable, $writable) = ("", "");
    my @sources = map { $_->{from} } grep { defined $_->{from} && $_->{rest} eq "" } @relays;
    vec($readable, fileno $_, 1) = 1 for $heard, $told // (), @sources;
    vec($writable, fileno $_->{to}, 1) = 1 for grep { $_->{rest} ne "" } @relays;
    select $readable, $writable, undef, defined $told ? 1 : undef;
    listen_to_entry() if defined $told && vec $readable, fileno $told, 1;
    # What is stopped or starved inside before it is the command is not waited for.
    give_up("Nobody could enter the sandbox: what runs in it holds up whoever comes in.", 125) if defined $told && time > $deadline;
    listen_to_signals() if vec $readable, fileno $heard, 1;
    carry($_, $readable, $writable) for @relays;
    # Another child may be one of whoever has become this program.
    $status = $gone{$joiner} if defined $joiner;
    finish() if defined $status && !defined $told;
  }
}

# The pipe says who the child is and what has failed, and ends with execve(2).
my $words;
BEGIN { $words = "" }
sub listen_to_entry {
  my $got = sysread $told, $words, 4096, length $words;
  undef $told unless $got;
  $joiner //= $1 if $words =~ /^joiner (\d+)$/m;
  if ($words =~ /^failed (\d+) (\w+) (\S*)$/m) {
    my $errno = $1;
    ($step, $about) = ($2, plain($3));
    say_failure($errno);
  }
  give_up("Nobody could enter the sandbox.", 125) if !defined $told && !defined $joiner;
}

# Signals are handed on to the session of the command; the size of the terminal is that of the caller.
sub listen_to_signals {
  sysread $heard, my $signals, 128 * 16;
  for (map { unpack "L", substr $signals, 128 * $_ } 0 .. length($signals) / 128 - 1) {
    if ($_ == $SIGWINCH) { resize() if $has_terminal }
    elsif ($_ != $SIGCHLD && defined $joiner && !defined $status) { kill $_, -$joiner }
  }
  while ((my $ended = waitpid -1, 1) > 0) {
    if (defined $entering && $ended == $entering) { undef $entering }
    else { $gone{$ended} = $? }
  }
}

# As much as there is now: what cannot be written waits.
sub carry {
  my ($relay, $readable, $writable) = @_;
  if ($relay->{rest} ne "" && vec $writable, fileno $relay->{to}, 1) { pass($relay) }
  return unless defined $relay->{from} && $relay->{rest} eq "" && vec $readable, fileno $relay->{from}, 1;
  my $got = sysread $relay->{from}, $relay->{rest}, 65536;
  return pass($relay) if $got;
  return if !defined $got && $! == $EAGAIN;
  undef $relay->{from};
  close $relay->{to} if $relay->{closes};
}

sub pass {
  my $relay = shift;
  my $written = syswrite $relay->{to}, $relay->{rest};
  if (defined $written) { substr($relay->{rest}, 0, $written) = ""; return }
  return if $! == $EAGAIN;
  $relay->{rest} = "";
  undef $relay->{from};
}

# Bytes: a pipe or a terminal holds no more.
my $LEFT;
BEGIN { $LEFT = 65536 }
sub finish {
  restore();
  for my $relay (grep { defined $_->{from} && ($_->{to} == \*STDOUT || $_->{to} == \*STDERR) } @relays) {
    fcntl $relay->{from}, 4, $O_NONBLOCK;
    # What others inside go on writing is not waited for.
    for (my $left = $LEFT; $left > 0 && sysread $relay->{from}, my $rest, 65536; $left -= length $rest) { syswrite $relay->{to}, $rest }
  }
  my $code = $status & 127 ? 128 + ($status & 127) : $status >> 8;
  syswrite STDERR, "killed by memory.max = $facts{memory}[0]\n" if defined $killed && kills() > $killed;
  syswrite STDERR, "The sandbox was stopped.\n" if $code == 137 && open_at($process, "ns/pid", $O_PATH, 0) < 0;
  exit $code;
}

# How often the kernel has killed for memory: a bare SIGKILL does not say so, the counter of the cgroup does.
sub kills {
  return unless $facts{kills};
  my ($file, $key) = @{$facts{kills}};
  open my $counter, "<", $file or return;
  for (<$counter>) { return $1 if /^\Q$key\E (\d+)$/ }
  return 0;
}
