#!/bin/sh
# Sandbox review-1a2b, from the profile "review".
set -eu; umask 022; here=$PWD; cd /
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
unset PERL5OPT PERL5LIB PERLLIB PERL5DB PERLIO PERL_UNICODE PERL_SIGNALS
folder=/run/user/1000/namespace-sandboxes/review-1a2b

# A gate says where the script is and waits for the launcher; end of file ends it.
gate() { echo "$1"; read -r _; }

# By hand, in a plain shell: sh start.sh. This is what the launcher does otherwise.
started_at() { shift 19; echo "$1"; }
clean_up() {
  trap '' HUP INT TERM; exec 4>&-
  wait || :
  rm -rf "$folder"
}
by_hand() {
  echo "By hand nobody connects a sandbox to its lab." >&2; exit 1
  echo 'By hand nobody keeps memory.max, pids.max.' >&2
  case $0 in /*) script=$0 ;; *) script=$here/$0 ;; esac
  around=/run/user/1000/namespace-sandboxes; mkdir -p "$around"
  [ -O "$around" ] && [ ! -L "$around" ] || { echo "$around is not yours." >&2; exit 1; }
  mkdir -m 711 "$folder"; trap clean_up EXIT; trap "exit 1" HUP INT TERM
  cd "$folder"; mkdir -p root scratch
  mkdir -p /run/user/1000/namespace-sandboxes/.bare/0123456789abcdef/root /run/user/1000/namespace-sandboxes/.bare/0123456789abcdef/none; cd /run/user/1000/namespace-sandboxes/.bare/0123456789abcdef/root
  mkdir -p ./usr './home/u/my project' ./dev ./tmp
  for file in ./dev/null; do : >"$file"; done
  ln -s usr/bin ./bin
  cd "$folder"
  cp "$script" start.sh; chmod 644 start.sh; mkfifo said go; cd /
  sh "$folder/start.sh" <"$folder/go" >"$folder/said" 3<&- & script=$!
  exec 4>"$folder/go" 5<"$folder/said"
  if read -r _ pid <&5; then
    read -r stat <"/proc/$pid/stat"; since=$(started_at ${stat##*) }); echo go >&4
    # Nobody enters before it is whole: until then the mounts are those of this machine.
    ! read -r _ <&5 || { echo "$pid $since" >"$folder/pid"; echo go >&4; echo "It runs. Enter it with join.sh; an empty line here ends it." >&2; read -r _ || :; }
  fi
  exit
}

# What is mounted, confined and waited for inside: one program, perl(1), the same for every sandbox.
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
  # Only a link of the root file system goes, whose layer is the sandbox'\''s own.
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
'
# The numbers of the system calls of this machine.
numbers='brk=12 capset=126 clone=56 close=3 close_range=436 dup3=292 execve=59 exit=60 exit_group=231 fchdir=81 fcntl=72 fsconfig=431 fsmount=432 fsopen=430 ioctl=16 keyctl=250 landlock_add_rule=445 landlock_create_ruleset=444 landlock_restrict_self=446 madvise=28 mkdirat=258 mmap=9 mount_setattr=442 move_mount=429 mremap=25 munmap=11 open_tree=428 openat=257 openat2=437 pivot_root=155 poll=7 ppoll=271 prctl=157 prlimit64=302 pselect6=270 read=0 restart_syscall=219 rt_sigprocmask=14 rt_sigreturn=15 select=23 setdomainname=171 setgroups=116 sethostname=170 setns=308 setresgid=119 setresuid=117 setsid=112 signalfd4=289 symlinkat=266 umount2=166 unlinkat=263 unshare=272 wait4=61 write=1 O_DIRECTORY=65536 O_NOFOLLOW=131072 arch=3221225534'
export inside_facts='
folder /run/user/1000/namespace-sandboxes/review-1a2b
hostname review
write /proc/sys/user/max_inotify_instances 64
write /proc/sys/user/max_net_namespaces 256
cgroup
mark namespace-sandboxes:review-1a2b
keep 0,1,3,4,5,6,7,8,10,18,31
user 0 0 0 0
no_new_privs
filter /home/u/.local/state/namespace-sandboxes/seccomp/ab12.bpf
handled 4
landlock 4 /my\040data
cwd /home/u/my\040project
shell /bin/zsh
shell /bin/sh
'
export inside_table_0='
overlay / overlay lowerdir=/run/user/1000/namespace-sandboxes/.bare/0123456789abcdef/root:/run/user/1000/namespace-sandboxes/.bare/0123456789abcdef/none,userxattr,ro,nosuid,nodev 0 0
/usr /usr none rbind,ro,nosuid,nodev 0 0
tmpfs /tmp tmpfs nosuid,nodev,mode=1777 0 0
/home/u/my\040project /home/u/my\040project none rbind,rw,nosuid,nodev 0 0
/.envrc\012/to\134\040ols\012 /run/.git-placeholders none x-text 0 0
/dev/null /dev/null none bind,nosuid,noexec 0 0
'
export program numbers

case ${1-} in
'' | by-hand | run)
  if [ "${1-}" != run ] && { [ -n "${1-}" ] || [ -t 0 ]; }; then by_hand; fi
  # What its opener has open beside that does not stay open, proc_pid_fdinfo(5).
  handed_on() {
    value=; while read -r key value; do [ "$key" != flags: ] || break; done
    case $value in 0[2367]?????? | "") return 1 ;; esac
  }
  for fd in /proc/$$/fd/*; do
    fd=${fd##*/}
    case $fd in 0 | 1 | 2 | 3 | 20 | 21 | 22) continue ;; esac
    [ -e "/proc/$$/fdinfo/$fd" ] && handed_on <"/proc/$$/fdinfo/$fd" || continue
    [ "$fd" -lt 10 ] || continue
    eval "exec $fd>&-"
  done
  if [ "${1-}" = run ]; then shift; set -- -- "$@"; else set --; fi
  # What will connect it to the internet starts outside, and ends when the pipe to it is closed: fifo(7).
  mkfifo -m 600 "$folder/lifeline" "$folder/answer"; exec 4<>"$folder/lifeline"
  { exec 4>&-; rm -f "$folder/lifeline" "$folder/answer"; exec sh "$0" network; } <"$folder/lifeline" >"$folder/answer" &
  exec 5<"$folder/answer"
  lab=/run/user/1000/namespace-sandboxes/.labs/ws-0a1b2c; ended() { echo 'The lab has ended.' >&2; exit 1; }
  # The hub ends when nobody has this lock any more, flock(2).
  exec 8>>"$lab/alive"; flock --shared --nonblock 8 & locking=$!
  is_since() { shift 19; [ "$1" = "$since" ]; }
  read -r hub since <"$lab/hub/pid" && read -r stat <"/proc/$hub/stat" && is_since ${stat##*) } || ended
  # What will connect it waits in the hub until there is a network namespace.
  mkfifo -m 600 "$folder/joining" "$folder/joined"; exec 7<>"$folder/joining"; wait "$locking" || ended
  { exec 7>&- 8>&-; rm -f "$folder/joining" "$folder/joined"; exec nsenter --target "$hub" --preserve-credentials --user --net sh "$0" lab; } <"$folder/joining" >"$folder/joined" &
  exec 9<"$folder/joined"
  # New namespaces, all owned by the new user namespace: namespaces(7), user_namespaces(7), time_namespaces(7).
  # A command in the background has no input of its own, sh(1): so the gates are handed on under another number.
  exec 6<&0
  nsenter --target "$hub" --preserve-credentials --user -- unshare --user --map-root-user --mount --propagation private --pid --fork --kill-child --uts --ipc --net --time --boottime 0 --monotonic 0 -- sh "$0" inside "$@" <&6 6<&- & made=$!
  # It ends with its launcher: this process waits for that outside, where nothing that runs inside can hold it up.
  exec </dev/null >&0 6<&- 4>&- 5<&- 7>&- 8>&- 9<&-
  ended=; trap ended=y CHLD
  if [ -e /proc/$$/fd/3 ]; then read -r _ <&3 || [ "$ended" ] || kill -KILL "$made"; fi
  wait "$made" || wait "$made" || exit
  exit
  ;;
# Ports of this machine lead inside, and out, without root: pasta(1) listens there as an ordinary user.
network)
  read -r pid || exit 0; exec 6<&0
  /usr/bin/pasta --quiet --ns-ifname ports --address 203.0.113.2 --address 2001:db8:1::2 --no-map-gw --tcp-ports 127.0.0.1/8080:80 --udp-ports none --tcp-ns 5432 --udp-ns none --pid /proc/self/fd/1 "$pid" 6<&- | {
    read -r pasta || { echo 'no network' >&2; exit 1; }
    { echo "$pasta" >"$folder/scratch/way-out.pid"; } 2>/dev/null || :
    trap "" PIPE; echo up || :; exec >/dev/null 2>&1
    read -r _ <&6 || read -r name <"/proc/$pasta/comm" || exit 0
    case $name in pasta* | passt*) kill "$pasta" ;; esac
  } &
  exit ;;
# In the hub of the lab, as root of it: one end of each pair into a bridge, the other one into the sandbox, veth(4).
lab)
  read -r pid || exit 0
  printf '%s\n' "link add name _$pid.0 type veth peer name eth0 address 02:4b:8d:d3:f8:2f netns $pid" "link set dev _$pid.0 master lab addrgenmode none up" "link add name _$pid.1 mtu 9000 type veth peer name dmz address 02:89:df:87:41:84 mtu 9000 netns $pid" "link set dev _$pid.1 master dmz addrgenmode none up" "link set dev _$pid.1 type bridge_slave isolated on" | ip -batch - >&2
  printf '%s\n' "qdisc add dev _$pid.1 root handle 1: netem delay 20ms loss 1% limit 10000" "qdisc add dev _$pid.1 parent 1:1 tbf rate 10mbit burst 32768 latency 50ms" | tc -batch - >&2
  echo joined; exit ;;
# Now the outside writes id maps and moves this process into its cgroup.
inside)
  shift; read -r pid _ </proc/self/stat
  gate "unshared $pid"; echo "$pid" >&4; exec 4>&-; echo "$pid" >&7; exec 7>&- 8>&-;
# A loopback device that is up, network_namespaces(7).
# Its links into the lab as soon as they are there, ip-address(8).
{ read -r _ <&9 || { echo 'no lab' >&2; exit 1; }
  printf '%s\n' 'link set dev lo up' 'link set dev eth0 up' 'addr add 10.0.0.1/24 dev eth0' 'addr add fd00::1/64 dev eth0 nodad' 'link set dev dmz up' 'addr add 10.1.0.1/24 dev dmz' 'route add default via 10.0.0.254 dev eth0' | ip -batch -; } & linking=$!
exec 9<&-
# It passes packets on from one network to another: ip(7), ipv6(7).
echo 1 >/proc/sys/net/ipv4/ip_forward
echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
# Through the link of the ports goes what answers, and nothing else: nft(8). Without net_admin and net_raw nobody inside gets past.
nft -f - <<'END' & filtering=$!
table inet ports {
  chain in {
    type filter hook input priority filter;
    iifname "ports" ct mark set 1
  }
  chain out {
    type filter hook output priority filter;
    oifname != "ports" accept
    ct mark 1 accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
    goto refused
  }
  chain between {
    type filter hook forward priority filter;
    iifname "ports" drop
    oifname "ports" goto refused
  }
  chain from {
    type nat hook input priority 100;
    iifname "ports" snat ip to 203.0.113.1
    iifname "ports" snat ip6 to 2001:db8:1::1
  }
  chain refused {
    meta l4proto tcp reject with tcp reset
    reject with icmpx admin-prohibited
  }
}
END
# ping(8) without net_raw: icmp(7).
echo '0 0' >/proc/sys/net/ipv4/ping_group_range
# Names are asked of an address that the way out turns into the machine's own resolver: resolv.conf(5).
printf '%s\n' 'nameserver 192.0.2.53' >"$folder/scratch/resolv.conf"
  wait "$linking"
  wait "$filtering"; read -r _ <&5; exec 5<&-
  # The link of the ports: what comes from its own address goes through it, and nothing else, ip-rule(8).
  printf '%s\n' 'link set dev ports addrgenmode none' 'addr add 203.0.113.2/30 dev ports' 'addr add fe80::2/64 dev ports nodad' 'addr add 2001:db8:1::2/126 dev ports nodad' 'link set dev ports up' 'route add default via 203.0.113.1 dev ports table 7000' 'route add default via 2001:db8:1::1 dev ports table 7000' 'rule add from 203.0.113.2 table 7000' | ip -batch -
  ip -6 rule add from 2001:db8:1::2 table 7000
  exec perl -fe 'eval $ENV{program}; die $@' inside "$@" ;;
esac
