/*
 * wait-for-joiners NAME...: waits in a sandbox for processes that come in, and tries to get hold of each before it is confined.
 * One is that while /proc/PID/status says no filter of system calls, or while it is not one of the programs NAME. Prints
 * `ready` once it waits, `got PID WAY NAME FILTER` for each of them that it got hold of, and `seen COUNT` at the end of its input.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* Process numbers are smaller than this (PID_MAX_LIMIT of proc_sys_kernel(5)). */
#define MOST 4194304

static char **finals;
static unsigned char done[MOST];
static unsigned short got[MOST];

enum way { SEIZE, ATTACH, READ_MEMORY, GET_DESCRIPTOR, OPEN_MEMORY, OPEN_DESCRIPTOR, OPEN_FOLDER, READ_LINK, WAYS };
static const char *const names[WAYS] = {
    "PTRACE_SEIZE", "PTRACE_ATTACH",   "process_vm_readv", "pidfd_getfd",
    "/proc/PID/mem", "/proc/PID/fd/N", "/proc/PID/root",   "/proc/PID/exe",
};

static int read_file(int pid, const char *file, char *text, int size) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  int length = read(fd, text, size - 1);
  close(fd);
  text[length < 0 ? 0 : length] = 0;
  return length;
}

/* What Seccomp: of its status says; -1 where it has gone. `name` gets its name. */
static int filter_of(int pid, char name[32]) {
  static char text[8192];
  name[0] = 0;
  if (read_file(pid, "status", text, sizeof text) <= 0) return -1;
  sscanf(text, "Name:\t%31s", name);
  const char *state = strstr(text, "State:\t"), *line = strstr(text, "Seccomp:\t");
  return line == 0 || (state != 0 && strchr("ZX", state[7])) ? -1 : atoi(line + 9);
}

static int is_final(const char *name) {
  for (char **final = finals; *final; final++)
    if (strcmp(*final, name) == 0) return 1;
  return 0;
}

/* Says that a way has led into a process, unless it is confined by now: then it may have been so before. */
static int report(int pid, enum way way) {
  char name[32];
  int filter = filter_of(pid, name);
  if (filter < 0 || (filter != 0 && is_final(name))) return 0;
  if (!(got[pid] & 1 << way)) printf("got %d %s %s %d\n", pid, names[way], name, filter);
  got[pid] |= 1 << way;
  return 1;
}

/* Once it was had so, it is let go: it would stop again and again. */
static void try_to_trace(int pid) {
  enum way way = pid % 2 ? SEIZE : ATTACH;
  if (got[pid] & (1 << SEIZE | 1 << ATTACH)) return;
  if (ptrace(way == SEIZE ? PTRACE_SEIZE : PTRACE_ATTACH, pid, 0, 0) != 0) return;
  if (way == SEIZE) ptrace(PTRACE_INTERRUPT, pid, 0, 0);
  int status;
  while (waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status)) {
    report(pid, way);
    /* A signal that is still to come would stop it for good: SIGSTOP is that of attaching. */
    int is_last = way == SEIZE || WSTOPSIG(status) == SIGSTOP;
    if (ptrace(is_last ? PTRACE_DETACH : PTRACE_CONT, pid, 0, 0) != 0 || is_last) return;
  }
}

static void try_to_read(int pid) {
  char path[64], byte;
  struct iovec here = {&byte, 1}, there = {(void *)0x1000, 1};
  if (process_vm_readv(pid, &here, 1, &there, 1, 0) >= 0 || errno == EFAULT) report(pid, READ_MEMORY);
  int pidfd = syscall(SYS_pidfd_open, pid, 0);
  for (int number = 0; pidfd >= 0 && number <= 20; number++) {
    int copy = syscall(SYS_pidfd_getfd, pidfd, number, 0);
    if (copy >= 0) close(copy);
    if (copy >= 0 || errno == EBADF) report(pid, GET_DESCRIPTOR);
    if (copy < 0 && errno != EBADF) break;
  }
  if (pidfd >= 0) close(pidfd);
  snprintf(path, sizeof path, "/proc/%d/exe", pid);
  if (readlink(path, &byte, 1) > 0) report(pid, READ_LINK);
  for (int number = -2; number <= 20; number++) {
    enum way way = number == -2 ? OPEN_MEMORY : number == -1 ? OPEN_FOLDER : OPEN_DESCRIPTOR;
    if (number < 0) snprintf(path, sizeof path, "/proc/%d/%s", pid, way == OPEN_MEMORY ? "mem" : "root");
    else snprintf(path, sizeof path, "/proc/%d/fd/%d", pid, number);
    int flags = way == OPEN_MEMORY ? O_RDWR : way == OPEN_DESCRIPTOR ? O_PATH : O_RDONLY | O_DIRECTORY;
    int fd = open(path, flags | O_CLOEXEC);
    if (fd < 0 && errno == EACCES && way == OPEN_DESCRIPTOR) break;
    if (fd < 0) continue;
    report(pid, way);
    close(fd);
  }
}

/* Tries all of it until the process is confined or gone. */
static void attack(int pid) {
  char name[32];
  try_to_trace(pid);
  try_to_read(pid);
  int filter = filter_of(pid, name);
  done[pid] = filter < 0 || (filter != 0 && is_final(name));
}

/* The number that was given last in this namespace: the end of /proc/loadavg. */
static int newest(void) {
  char text[128];
  int fd = open("/proc/loadavg", O_RDONLY | O_CLOEXEC), length = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
  if (fd >= 0) close(fd);
  text[length < 0 ? 0 : length] = 0;
  const char *last = strrchr(text, ' ');
  return last == 0 ? 0 : atoi(last);
}

int main(int count, char **words) {
  (void)count;
  finals = words + 1;
  setvbuf(stdout, 0, _IOLBF, 0);
  int last = getpid();
  long seen = 0;
  printf("ready\n");
  for (unsigned turn = 0;; turn++) {
    int to = turn % 16 == 0 && newest() > last ? newest() : last + 1;
    for (int pid = last > 66 ? last - 64 : 2; pid <= to; pid++) {
      if (pid == getpid() || done[pid]) continue;
      if (kill(pid, 0) != 0) continue;
      if (pid > last) last = pid, seen += 1;
      attack(pid);
    }
    struct pollfd input = {.fd = 0, .events = POLLIN};
    if (turn % 256 == 0 && poll(&input, 1, 0) != 0) break;
  }
  printf("seen %ld\n", seen);
  return 0;
}
