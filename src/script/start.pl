# The inside of a sandbox, from the first mount to PID 1, without another program: inside, or outer -- NEXT…. What it is told stands in
# the environment, so that ps(1) shows a short command line.
my $is_command;
sub failed {
  my $errno = shift;
  if ($is_command) { my ($status, $sentence) = ending($errno); syswrite STDERR, "unshared: $sentence\n"; kernel("exit_group", $status) }
  $! = $errno;
  syswrite STDERR, "refused: " . escaped($about) . " ($step, $errno: $!)\n";
  exit 1;
}

my $part = shift;
read_facts($ENV{"${part}_facts"});
# Behind "--" stands what comes next: another program, or the first command.
my @next = @ARGV;
my @tables;
for (my $number = 0; defined(my $table = $ENV{"${part}_table_$number"}); $number++) { push @tables, $table }
my @table = split /\n/, join "", @tables;
my ($folder, $folder_path, $root);
($part eq "outer" ? \&outer : \&inside)->();

# Between this machine and a sandbox whose root may mount: what is mounted here the kernel locks for the namespaces made next,
# mount_namespaces(7).
sub outer {
  gate("outer");
  open_folder();
  mount_entry($_) for @table;
  hand_ids_on() if $facts{ids};
  shift @next;
  exec { $next[0] } @next;
  ($step, $about) = ("next", $next[0]);
  failed(0 + $!);
}

# Only a process of this user namespace may write the id maps of the one made next, user_namespaces(7).
my $kept;
sub hand_ids_on {
  $step = "ids";
  pipe my $number, my $ids or failed(0 + $!);
  my $child = fork // failed(0 + $!);
  if ($child) { fileno $ids == 6 ? fcntl $ids, 2, 0 : must(kernel("dup3", fileno $ids, 6, 0)); $kept = $ids; return }
  close $ids;
  defined(my $pid = <$number>) or exit;
  chomp $pid;
  my ($uids, $gids) = @{$facts{ids}};
  write_file("/proc/$pid/uid_map", $uids);
  write_file("/proc/$pid/gid_map", $gids);
  syswrite STDOUT, "unshared $pid\n";
  exit;
}

sub inside {
  $facts{gate} ? gate("unshared") : $facts{tell} ? tell_ids() : ();
  hide();
  be_root() if $facts{root};
  must(prctl($SET_PDEATHSIG, 9));
  names();
  my $filter = $facts{filter} && read_filter($facts{filter}[0]);
  write_file(@$_) for @writes;
  open_folder();
  open my $null, "+<", "/dev/null" or failed(0 + $!);
  mount_entry($_) for @table;
  enter_root();
  leave_keys();
  first_process($null, $filter);
}

# Says where it is and who it is outside, and waits; the end of its input ends it.
sub gate {
  syswrite STDOUT, "$_[0] " . readlink("/proc/self") . "\n";
  await();
}

sub await { defined(my $line = readline STDIN) or exit 1 }

sub tell_ids {
  open my $ids, ">&=", 6 or failed(0 + $!);
  syswrite $ids, readlink("/proc/self") . "\n";
  close $ids;
  await();
}

# Root inside makes what follows, where it is not the maker.
sub be_root {
  $step = "root";
  must(kernel("setgroups", 0, 0));
  must(kernel("setresgid", (0) x 3));
  must(kernel("setresuid", (0) x 3));
  hide();
}

# Its own names, uts_namespaces(7), and a loopback device that is up, netdevice(7).
sub names {
  $step = "names";
  for (["hostname", "sethostname"], ["domainname", "setdomainname"]) {
    my ($fact, $call) = @$_;
    next unless $facts{$fact};
    my $name = $facts{$fact}[0];
    must(kernel($call, \$name, length $name));
  }
  return unless $facts{loopback};
  $step = "loopback";
  my $request = pack "a16 s x22", "lo", 0x49;
  socket my $socket, 2, 2, 0 or failed(0 + $!);
  ioctl $socket, 0x8914, $request or failed(0 + $!);
}

sub write_file {
  my ($path, $text) = @_;
  ($step, $about) = ("write", $path);
  open my $file, ">", $path or failed(0 + $!);
  syswrite $file, $text and close $file or failed(0 + $!);
}

sub open_folder {
  ($step, $about) = ("folder", $folder_path = $facts{folder}[0]);
  $folder = must(open_at($AT_FDCWD, $folder_path, $O_PATH | $O_DIRECTORY, 0));
}

# One line of the table, fstab(5), by descriptors: open_tree(2), fsopen(2), mount_setattr(2), move_mount(2).
my ($shown, %attribute);
BEGIN { %attribute = (ro => 1, nosuid => 2, nodev => 4, noexec => 8) }
sub mount_entry {
  my ($source, $target, $type, $words) = split / /, shift;
  return if $source eq "" or $source =~ /^#/;
  ($source, $target) = (plain($source), plain($target));
  my (%option, @own, $attributes);
  for (split /,/, $words) {
    my ($key, $value) = split /=/, $_, 2;
    if (exists $attribute{$key}) { $attributes |= $attribute{$key} }
    elsif ($key =~ /^(r?bind|rw|remount|X-mount\.mkdir|x-.*)$/) { $option{$key} = $value // 1 }
    else { push @own, [$key, $value] }
  }
  $shown = defined $option{"x-shown"} ? plain($option{"x-shown"}) : $target;
  $about = $shown;
  return make_link($source, $target) if $option{"x-link"};
  return make_file($source, $target) if $option{"x-text"};
  return change($target, $attributes, $option{rbind} ? $RECURSIVE : 0) if $option{remount};
  my ($tree, $is_folder) = $type eq "none" ? clone($source, \%option, $attributes) : (file_system($source, $type, $attributes, @own), 1);
  attach($tree, $target, $is_folder, \%option);
}

# A copy of the mounts at a source, none of which is found by a link. What the plan has seen there must still be there.
sub clone {
  my ($source, $option, $attributes) = @_;
  my ($from, $base) = ($AT_FDCWD, $source);
  ($from, $base) = ($root, below($source)) if $option->{"x-inside"};
  ($from, $base) = ($folder, substr $source, 1 + length $folder_path) if index($source, "$folder_path/") == 0;
  ($step, $about) = ("source", $source);
  my $descriptor = must(open_at($from, $base, $O_PATH, $from == $AT_FDCWD ? $NO_SYMLINKS : $NO_SYMLINKS | $IN_ROOT));
  my ($there, $mode) = identity($descriptor);
  as_seen($there, $option->{"x-seen"});
  $step = "clone";
  my $tree = must(kernel("open_tree", $descriptor, \"", 1 | $O_CLOEXEC | $EMPTY_PATH | $RECURSIVE | $NO_AUTOMOUNT));
  set_attributes($tree, $attributes, $RECURSIVE);
  kernel("close", $descriptor);
  return ($tree, ($mode & 0170000) == 0040000);
}

sub as_seen {
  my ($there, $seen) = @_;
  if (defined $seen and $seen ne $there) { $step = "seen"; failed($ESTALE) }
}

sub set_attributes {
  my ($tree, $attributes, $how) = @_;
  $step = "attributes";
  my $change = pack "Q4", $attributes, 0, 0, 0;
  must(kernel("mount_setattr", $tree, \"", $EMPTY_PATH | $how, \$change, length $change));
}

# A file system of its own. The layers of an overlay are named by descriptors: a string that the kernel takes ends at 256 bytes.
sub file_system {
  my ($source, $type, $attributes, @options) = @_;
  $step = "filesystem";
  my $context = must(kernel("fsopen", \$type, 1));
  must(kernel("fsconfig", $context, 1, \"source", \$source, 0));
  my @layers;
  for (@options) {
    my ($key, $value) = @$_;
    if (!defined $value) { must(kernel("fsconfig", $context, 0, \$key, 0, 0)); next }
    if ($key =~ /^(lower|upper|work)dir$/) { $value = join ":", map { my $layer = layer($_); push @layers, $layer; "/proc/self/fd/$layer" } split /:/, $value }
    else { $value = plain($value) }
    must(kernel("fsconfig", $context, 1, \$key, \$value, 0));
  }
  must(kernel("fsconfig", $context, 6, 0, 0, 0));
  my $tree = must(kernel("fsmount", $context, 1, $attributes));
  kernel("close", $_) for $context, @layers;
  return $tree;
}

# A path, and behind "@" what the plan has seen there.
sub layer {
  my ($path, $seen) = split /@/, shift;
  $path = plain($path);
  ($step, $about) = ("source", $path);
  my $descriptor = must(open_at($AT_FDCWD, $path, $O_PATH | $O_DIRECTORY, $NO_SYMLINKS));
  as_seen((identity($descriptor))[0], $seen);
  return $descriptor;
}

sub attach {
  my ($tree, $target, $is_folder, $option) = @_;
  ($step, $about) = ("target", $shown);
  my $to = $option->{"x-aside"} ? place($folder, $target, $is_folder)
    : defined $root ? place($root, below($target), $is_folder, $option->{"x-unlink"}) : place($folder, "root", 1);
  $step = "attach";
  must(kernel("move_mount", $tree, \"", $to, \"", 0x4 | 0x40));
  kernel("close", $_) for $tree, $to;
  return if $option->{"x-aside"} or $target ne "/";
  # What is opened once something is mounted on it is that.
  kernel("close", $root) if defined $root;
  $root = must(open_at($folder, "root", $O_PATH | $O_DIRECTORY, $NO_SYMLINKS));
}

sub device { my ($there) = identity($_[0]); return $there =~ s/\..*//r }

sub below { my $path = shift; $path =~ s{^/+}{}; return $path eq "" ? "." : $path }

# A place below a folder, reached by no link. What is missing is made, one descriptor after the other.
sub place {
  my ($top, $path, $is_folder, $unlink) = @_;
  my $found = open_at($top, $path, $O_PATH, $NO_SYMLINKS | $IN_ROOT);
  return $found if $found >= 0;
  my ($around, $name) = around($top, $path);
  $step = "target";
  # Only a link of the root file system goes, whose layer is the sandbox's own.
  must(kernel("unlinkat", $around, \$name, 0)) if $unlink and device($around) eq device($root) and open_at($around, $name, $O_PATH | $O_NOFOLLOW, 0) >= 0;
  my $made = $is_folder ? kernel("mkdirat", $around, \$name, 0755) : kernel("openat", $around, \$name, $O_NEW | $O_CLOEXEC, 0644);
  must($made) unless $! == $EEXIST;
  kernel("close", $made) if $made > 0;
  $found = must(open_at($around, $name, $O_PATH, $NO_SYMLINKS | $BENEATH));
  kernel("close", $around);
  return $found;
}

# The folder around a path, and the last name of the path.
sub around {
  my ($top, $path) = @_;
  my @names = split m{/+}, $path;
  my $name = pop @names;
  my $around = must(open_at($top, ".", $O_PATH | $O_DIRECTORY, $NO_SYMLINKS));
  for my $part (@names) {
    my $next = open_at($around, $part, $O_PATH | $O_DIRECTORY, $NO_SYMLINKS | $BENEATH);
    if ($next < 0 and $! == $ENOENT) {
      kernel("mkdirat", $around, \$part, 0755) >= 0 or $! == $EEXIST or must(-1);
      $next = open_at($around, $part, $O_PATH | $O_DIRECTORY, $NO_SYMLINKS | $BENEATH);
    }
    must($next);
    kernel("close", $around);
    $around = $next;
  }
  return ($around, $name);
}

# A mount that is there, alone or with all below it.
sub change {
  my ($target, $attributes, $how) = @_;
  $step = "target";
  my $mount = must(open_at($root, below($target), $O_PATH, $NO_SYMLINKS | $IN_ROOT));
  set_attributes($mount, $attributes, $how);
  kernel("close", $mount);
}

sub make_link {
  my ($text, $target) = @_;
  $step = "link";
  my ($around, $name) = around($root, below($target));
  kernel("symlinkat", \$text, $around, \$name) >= 0 or $! == $EEXIST or must(-1);
  kernel("close", $around);
}

sub make_file {
  my ($text, $target) = @_;
  $step = "text";
  my ($around, $name) = around($root, below($target));
  my $made = must(kernel("openat", $around, \$name, $O_NEW | $O_CLOEXEC, 0644));
  syswrite handle($made), $text or failed(0 + $!);
  kernel("close", $around);
}

# The new root, pivot_root(2), and the old one detached: nothing of this machine is left to walk back to.
sub enter_root {
  ($step, $about) = ("pivot", "/");
  must(kernel("fchdir", $root));
  must(kernel("pivot_root", \".", \"."));
  must(kernel("umount2", \".", 2));
  chdir "/" or failed(0 + $!);
  # The root of its cgroup namespace is the cgroup that it is in now, cgroup_namespaces(7).
  $step = "cgroup";
  must(kernel("unshare", 0x02000000)) if $facts{cgroup};
}

# PID 1, pid_namespaces(7): it starts the first command, waits for whatever ends, and its own end takes all with it.
sub first_process {
  my ($null, $filter) = @_;
  $0 = $facts{mark}[0];
  my $ended = hear_ends();
  my ($first, $begin) = @next ? first_command($filter) : ();
  ($step, $about) = ("init", "");
  must(kernel("dup3", fileno $null, 2, 0));
  close_but(3, fileno $ended, $begin ? fileno $begin : ());
  limit_processes();
  drop(1, 0);
  must(prctl($SET_PDEATHSIG, 9));
  filter_itself() if defined $filter;
  syswrite STDOUT, "ready\n";
  await();
  if ($begin) { syswrite $begin, "."; close $begin }
  watch($ended, $first);
}

my $SIGCHLD;
BEGIN { $SIGCHLD = pack "Q", 1 << 16 }

# A descriptor that says that a child has ended, signalfd(2).
sub hear_ends {
  $step = "signals";
  must(kernel("rt_sigprocmask", 0, \$SIGCHLD, 0, 8));
  return handle(must(kernel("signalfd4", -1, \$SIGCHLD, 8, $O_CLOEXEC)));
}

# Waits, confined but for the filter, until the sandbox is whole. The streams are those of its caller.
sub first_command {
  my $filter = shift;
  $step = "first";
  for (@landlock) { $$_[1] = must(open_at($AT_FDCWD, $$_[1], $O_PATH, $NO_SYMLINKS)) }
  pipe my $begun, my $begin or failed(0 + $!);
  my $child = fork // failed(0 + $!);
  return ($child, $begin) if $child;
  close $begin;
  sysread $begun, my $word, 1 or exit 1;
  $is_command = 1;
  # What sh(1) starts in the background ignores these.
  $SIG{INT} = $SIG{QUIT} = "DEFAULT";
  must(kernel("setsid"));
  for (0 .. 2) { must(kernel("dup3", 20 + $_, $_, 0)) }
  wait_at_streams();
  must(kernel("rt_sigprocmask", 2, \pack("Q", 0), 0, 8));
  umask oct $ENV{mask};
  @command = @next[1 .. $#next] if @next > 1;
  become($filter);
}

# PID 1 needs these system calls and no others, seccomp(2).
sub filter_itself {
  my @needed = grep { defined } @number{qw(read write select pselect6 poll ppoll wait4 exit exit_group rt_sigreturn brk mmap munmap mremap madvise close restart_syscall)};
  my @program = ([0x20, 0, 0, 4], [0x15, 1, 0, $number{arch}], [0x06, 0, 0, 0x80000000], [0x20, 0, 0, 0]);
  push @program, [0x15, @needed - $_, 0, $needed[$_]] for 0 .. $#needed;
  filter(join "", map { pack "SCCL", @$_ } @program, [0x06, 0, 0, 0x00050001], [0x06, 0, 0, 0x7fff0000]);
}

sub watch {
  my ($ended, $first) = @_;
  my $stays = $facts{stays};
  for (;;) {
    my $ready = "";
    vec($ready, fileno $ended, 1) = 1;
    vec($ready, 0, 1) = 1 unless $stays;
    select $ready, undef, undef, undef;
    kernel("exit_group", 0) if !$stays && vec($ready, 0, 1) && !sysread STDIN, my $word, 1;
    next unless vec $ready, fileno $ended, 1;
    sysread $ended, my $signals, 4096;
    while ((my $pid = waitpid -1, 1) > 0) {
      next unless defined $first and $pid == $first;
      syswrite STDOUT, "ended " . ($? & 127 ? 128 + ($? & 127) : $? >> 8) . "\n";
    }
  }
}
