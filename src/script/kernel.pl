# System calls, syscalls(2), by their numbers on this machine. perl(1) takes a string that looks like a number for a number, so each
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
