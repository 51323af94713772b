#!/bin/sh
# Enters the sandbox review-1a2b: join.sh [command [argument…]].
set -eu
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
unset PERL5OPT PERL5LIB PERLLIB PERL5DB PERLIO PERL_UNICODE PERL_SIGNALS

keeper=0 kept=0; [ -r /run/user/1000/namespace-sandboxes/review-1a2b/pid ] || { echo 'The sandbox has ended.' >&2; exit 1; }
{ read -r pid started; } </run/user/1000/namespace-sandboxes/review-1a2b/pid

# The environment of the command, made from nothing. It stands under other names until then, ld.so(8).
export given_PATH='/home/u/my tools/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
export given_HOME=/root
export given_USER=root
export given_LOGNAME=root
export given_LANG=C.UTF-8
export given_RUSTUP_HOME=/home/u/.rustup
export given_GIT_CONFIG_COUNT=1
export given_GIT_CONFIG_KEY_0=core.excludesFile
export given_GIT_CONFIG_VALUE_0=/run/.git-placeholders
export given_TERM="${TERM-dumb}"; [ -z "${COLORTERM-}" ] || export given_COLORTERM="$COLORTERM"
export given_GREETING='it'\''s'

# Into its cgroups, cgroups(7): every process of the sandbox is under its limits.
echo $$ >/sys/fs/cgroup/x/cgroup.procs

# One program, perl(1), the same for every sandbox. What holds this terminal stays outside.
program='# System calls, syscalls(2), by their numbers on this machine. perl(1) takes a string that looks like a number for a number, so each
# argument says what it is: bytes stand behind a reference.
my %number = split /[= ]/, $ENV{numbers};
sub kernel {
  my ($name, @arguments) = @_;
  my @typed = map { ref $_ ? "$$_" : 0 + $_ } @arguments;
  return syscall 0 + $number{$name}, @typed;
}

# The step that is at work, by its name in the list of steps: what fails is said by it.
my ($step, $about) = ("begin", "");
sub must { $_[0] >= 0 ? $_[0] : failed(0 + $!) }

# One field of fstab(5): \ooo is a byte.
sub plain { my $text = shift; $text =~ s/\\([0-7]{3})/chr oct $1/ge; return $text }

sub escaped { my $text = shift; $text =~ s/([^\w@%+=:,.\/-])/sprintf "\\%03o", ord $1/ge; return $text }

# What is to be done: lines of a word and its fields.
my (%facts, @shells, @rlimits, @landlock, @writes, @command);
sub read_facts {
  for (split /\n/, shift) {
    my ($word, @fields) = map { plain($_) } split / /, $_, -1;
    if ($word eq "shell") { push @shells, $fields[0] }
    elsif ($word eq "rlimit") { push @rlimits, \@fields }
    elsif ($word eq "landlock") { push @landlock, \@fields }
    elsif ($word eq "write") { push @writes, \@fields }
    elsif ($word eq "command") { @command = @fields }
    else { $facts{$word} = \@fields }
  }
}

my ($AT_FDCWD, $O_PATH, $O_CLOEXEC, $O_NONBLOCK, $O_NEW, $O_NOCTTY) = (-100, 010000000, 02000000, 04000, 0301, 0400);
my ($O_DIRECTORY, $O_NOFOLLOW) = @number{qw(O_DIRECTORY O_NOFOLLOW)};
my ($EMPTY_PATH, $RECURSIVE, $NO_AUTOMOUNT) = (0x1000, 0x8000, 0x800);
my ($NO_SYMLINKS, $BENEATH, $IN_ROOT) = (4, 8, 16);
my ($ENOENT, $EAGAIN, $EEXIST, $EINVAL, $ENOSYS, $ESTALE, $ENOTDIR, $ENOEXEC) = (2, 11, 17, 22, 38, 116, 20, 8);

# A descriptor of a path, openat2(2). The kernel asks for another try while somebody renames on the way.
sub open_at {
  my ($folder, $path, $flags, $resolve) = @_;
  my $how = pack "QQQ", $flags | $O_CLOEXEC, 0, $resolve;
  for my $try (1 .. 200) {
    my $descriptor = kernel("openat2", $folder, \$path, \$how, 24);
    return $descriptor unless $descriptor < 0 and $! == $EAGAIN;
  }
  return -1;
}

# A program of a seccomp filter, before anything of the sandbox can stand in its place.
sub read_filter {
  my $file = shift;
  ($step, $about) = ("read", $file);
  open my $handle, "<:raw", $file or failed(0 + $!);
  defined sysread $handle, my $program, 1 << 20 or failed(0 + $!);
  return $program;
}

my ($SET_PDEATHSIG, $SET_DUMPABLE, $SET_KEEPCAPS, $SET_SECCOMP, $CAPBSET_DROP, $NO_NEW_PRIVS, $CAP_AMBIENT) = (1, 4, 8, 22, 24, 38, 47);
sub prctl { kernel("prctl", @_, (0) x (5 - @_)) }

# Nobody inside can trace a process that is not dumpable, read its memory or take its descriptors, ptrace(2).
sub hide { $step = "hide"; must(prctl($SET_DUMPABLE, 0)) }

# The keys of the caller stay outside, session-keyring(7).
sub leave_keys {
  $step = "keys";
  kernel("keyctl", 1, 0) >= 0 or $! == $ENOSYS or must(-1);
}

# The limits of each process, prlimit(2).
sub limit_processes {
  $step = "rlimits";
  for (@rlimits) {
    my ($resource, @limits) = @$_;
    my $limit = pack "Q2", map { $_ eq "unlimited" ? ~0 : $_ } @limits;
    must(kernel("prlimit64", 0, $resource, \$limit, 0));
  }
}

# The rules of landlock(7), by descriptors that were opened before.
sub restrict_files {
  return unless @landlock;
  $step = "landlock";
  my ($handled) = @{$facts{handled}};
  my $attributes = pack "Q", $handled;
  my $rules = must(kernel("landlock_create_ruleset", \$attributes, 8, 0));
  for (@landlock) {
    my ($rights, $descriptor) = @$_;
    my $rule = pack "Ql", $rights, $descriptor;
    must(kernel("landlock_add_rule", $rules, 1, \$rule, 0));
  }
  must(kernel("landlock_restrict_self", $rules, 0));
}

# The capabilities that a process keeps, and what else it gives up, capabilities(7): the bounding set, the user, the sets. Without
# no_new_privs only CAP_SYS_ADMIN (21) loads a filter, and it stays until execve(2).
sub drop {
  my ($all, $loads) = @_;
  my %kept = map { $_ => 1 } split /,/, $facts{keep}[0];
  $step = "bounding";
  for my $capability (0 .. 63) { $kept{$capability} or prctl($CAPBSET_DROP, $capability) >= 0 or $! == $EINVAL or must(-1) }
  must(prctl($CAP_AMBIENT, 4));
  $step = "user";
  my ($uid, $gid, $change, $groups) = @{$facts{user}};
  must(prctl($SET_KEEPCAPS, 1)) if $loads;
  must(kernel("setgroups", 0, 0)) if $groups;
  if ($change) { must(kernel("setresgid", ($gid) x 3)); must(kernel("setresuid", ($uid) x 3)) }
  $step = "capabilities";
  my @bits = (0, 0);
  $bits[$_ >> 5] |= 1 << ($_ & 31) for $uid == 0 && !$all ? keys %kept : (), $loads ? 21 : ();
  my ($header, $sets) = (pack("L2", 0x20080522, 0), pack "L6", @bits[0, 0], 0, @bits[1, 1], 0);
  must(kernel("capset", \$header, \$sets));
  $step = "privileges";
  must(prctl($NO_NEW_PRIVS, 1)) if $all or $facts{no_new_privs};
  hide();
}

# Nothing but execve(2) comes after the filter, seccomp(2).
sub filter {
  my $program = shift;
  return unless defined $program;
  $step = "filter";
  my $filter = pack "Sx![J]P", length($program) / 8, $program;
  must(kernel("prctl", $SET_SECCOMP, 2, \$filter, 0, 0));
}

# A descriptor as a handle of perl, which closes it.
sub handle { open my $handle, "+<&=", $_[0] or failed(0 + $!); return $handle }

# Device and inode of a descriptor, and its mode.
sub identity { open my $copy, "<&", $_[0] or failed(0 + $!); my @stat = stat $copy; return ("$stat[0].$stat[1]", $stat[2]) }

# Why a command did not begin: the status of sh(1), and a sentence.
sub ending {
  my $errno = $_[0];
  my $text = do { local $! = $errno; "$!" };
  return ($errno == $ENOENT ? 127 : 126, "$about: " . ($errno == $ENOENT ? "not found" : $text)) if $step eq "command";
  return (1, "The folder $about cannot be entered: $text") if $step eq "folder";
  return (125, "The command was not confined ($step): $text");
}

# The environment of the command: what is given, and nothing else.
sub environment { my %given = map { /^given_(.+)/s ? ($1 => $ENV{$_}) : () } keys %ENV; return %given }

# A program expects to wait at its streams. Who shares them with it outside may have them not wait, which holds for both.
sub wait_at_streams {
  for my $stream (\*STDIN, \*STDOUT, \*STDERR) {
    my $flags = fcntl $stream, 3, 0 or next;
    fcntl $stream, 4, $flags & ~$O_NONBLOCK if $flags & $O_NONBLOCK;
  }
}

# Closes every descriptor from one on, but some. Not by execve(2) alone: whoever may trace inside could take them while that is at work.
sub close_but {
  my ($from, @kept) = @_;
  for (sort { $a <=> $b } @kept) { must(kernel("close_range", $from, $_ - 1, 0)) if $_ > $from; $from = $_ + 1 }
  must(kernel("close_range", $from, 0xffffffff, 0));
}

# Becomes the command: confined, in its folder, under the filter. The descriptors that are named besides stay until execve(2).
sub become {
  my $program = shift;
  limit_processes();
  restrict_files();
  drop(0, !$facts{no_new_privs} && defined $program);
  ($step, $about) = ("folder", $facts{cwd}[0]);
  chdir $about or failed(0 + $!);
  my ($shell) = ((grep { -x } @shells), $shells[-1]);
  @command = ($shell) unless @command;
  my %variables = (environment(), SHELL => $shell);
  my @places = $command[0] =~ m{/} ? $command[0] : map { "$_/$command[0]" } split /:/, $variables{PATH} // "";
  my @variables = map { "$_=$variables{$_}" } keys %variables;
  my ($words, $environment) = (pointers(@command), pointers(@variables));
  close_but(3, @_);
  # perl(1) ignores this signal, and a program would go on ignoring it.
  $SIG{FPE} = "DEFAULT";
  filter($program);
  ($step, $about) = ("command", $command[0]);
  failed(execute($words, $environment, @places));
}

# An array of pointers to strings, which have to stay where they are: the arguments are those of the caller.
sub pointers { return join("", map { pack "P", $_ } @_) . pack "Q", 0 }

# Executes the first of these that is there, as execvp(3) does: a script without "#!" is one of sh(1), and one that is found and
# refused is said in the end.
sub execute {
  my ($words, $environment, @places) = @_;
  my $errno = $ENOENT;
  for my $place (@places) {
    syscall 0 + $number{execve}, $place, $words, $environment;
    $errno = 0 + $! if $! != $ENOENT && $! != $ENOTDIR;
    next unless $! == $ENOEXEC;
    my ($shell, @script) = ("/bin/sh", "/bin/sh", $place, @command[1 .. $#command]);
    my $script = pointers(@script);
    syscall 0 + $number{execve}, $shell, $script, $environment;
  }
  return $errno;
}

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
'
# The numbers of the system calls of this machine.
numbers='brk=12 capset=126 clone=56 close=3 close_range=436 dup3=292 execve=59 exit=60 exit_group=231 fchdir=81 fcntl=72 fsconfig=431 fsmount=432 fsopen=430 ioctl=16 keyctl=250 landlock_add_rule=445 landlock_create_ruleset=444 landlock_restrict_self=446 madvise=28 mkdirat=258 mmap=9 mount_setattr=442 move_mount=429 mremap=25 munmap=11 open_tree=428 openat=257 openat2=437 pivot_root=155 poll=7 ppoll=271 prctl=157 prlimit64=302 pselect6=270 read=0 restart_syscall=219 rt_sigprocmask=14 rt_sigreturn=15 select=23 setdomainname=171 setgroups=116 sethostname=170 setns=308 setresgid=119 setresuid=117 setsid=112 signalfd4=289 symlinkat=266 umount2=166 unlinkat=263 unshare=272 wait4=61 write=1 O_DIRECTORY=65536 O_NOFOLLOW=131072 arch=3221225534'
# What it is told, in the environment.
facts='
name review-1a2b
own uts ipc net pid cgroup time
memory 64M
kills /sys/fs/cgroup/x/memory.events oom_kill
keep 0,1,3,4,5,6,7,8,10,13,18,31
user 0 0 0 0
no_new_privs
filter /home/u/.local/state/namespace-sandboxes/seccomp/ab12.bpf
handled 4
landlock 4 /my\040data
cwd /home/u/my\040project
shell /bin/zsh
shell /bin/sh
'; export program numbers facts
exec perl -fe 'eval $ENV{program}; die $@' "$pid" "$started" "$keeper" "$kept" "$@"
