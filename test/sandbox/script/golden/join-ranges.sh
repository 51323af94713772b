#!/bin/sh
# Enters the sandbox review-1a2b: join.sh [command [argument…]].
set -eu
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
unset PERL5OPT PERL5LIB PERLLIB PERL5DB PERLIO PERL_UNICODE PERL_SIGNALS

keeper=0 kept=0; [ -r /run/user/1000/namespace-sandboxes/review-1a2b/pid ] || { echo 'The sandbox has ended.' >&2; exit 1; }
{ read -r pid started; } </run/user/1000/namespace-sandboxes/review-1a2b/pid

# The environment of the command, made from nothing. It stands under other names until then, ld.so(8).
export given_PATH='/home/u/my tools/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
export given_HOME=/home/ann
export given_USER=ann
export given_LOGNAME=ann
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
program=…
# The numbers of the system calls of this machine.
numbers='brk=12 capset=126 clone=56 close=3 close_range=436 dup3=292 execve=59 exit=60 exit_group=231 fchdir=81 fcntl=72 fsconfig=431 fsmount=432 fsopen=430 ioctl=16 keyctl=250 landlock_add_rule=445 landlock_create_ruleset=444 landlock_restrict_self=446 madvise=28 mkdirat=258 mmap=9 mount_setattr=442 move_mount=429 mremap=25 munmap=11 open_tree=428 openat=257 openat2=437 pivot_root=155 poll=7 ppoll=271 prctl=157 prlimit64=302 pselect6=270 read=0 restart_syscall=219 rt_sigprocmask=14 rt_sigreturn=15 select=23 setdomainname=171 setgroups=116 sethostname=170 setns=308 setresgid=119 setresuid=117 setsid=112 signalfd4=289 symlinkat=266 umount2=166 unlinkat=263 unshare=272 wait4=61 write=1 O_DIRECTORY=65536 O_NOFOLLOW=131072 arch=3221225534'
# What it is told, in the environment.
facts='
name review-1a2b
own uts ipc net pid cgroup time
memory 64M
kills /sys/fs/cgroup/x/memory.events oom_kill
keep 0,1,3,4,5,6,7,8,10,13,18,31
user 1234 1235 1 1
no_new_privs
filter /home/u/.local/state/namespace-sandboxes/seccomp/ab12.bpf
handled 4
landlock 4 /my\040data
cwd /home/u/my\040project
shell /bin/zsh
shell /bin/sh
'; export program numbers facts
exec perl -fe 'eval $ENV{program}; die $@' "$pid" "$started" "$keeper" "$kept" "$@"
