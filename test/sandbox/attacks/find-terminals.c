/*
 * Looks in a sandbox for terminals that are not of its own /dev/pts, at the descriptors of every process that can be seen, by
 * their links and by copies of them. Prints a line for each, and how many of its own it has found.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define MOST 256

static struct stat own;
static int found;

/* A terminal, its other side, or a console: the character devices 4, 5 and from 136 on (devices.txt of the kernel), but no /dev/tty. */
static int is_terminal(const struct stat *stat) {
  unsigned kind = major(stat->st_rdev);
  if (!S_ISCHR(stat->st_mode) || stat->st_rdev == makedev(5, 0)) return 0;
  return kind == 4 || kind == 5 || (kind >= 136 && kind <= 143);
}

static void look(int pid, int number, const char *way, const struct stat *stat) {
  char path[64], name[64] = "?";
  if (!is_terminal(stat)) return;
  if (stat->st_dev == own.st_dev) {
    found += 1;
    return;
  }
  snprintf(path, sizeof path, "/proc/%d/comm", pid);
  FILE *comm = fopen(path, "r");
  if (comm != 0 && fgets(name, sizeof name, comm) != 0) name[strcspn(name, "\n")] = 0;
  if (comm != 0) fclose(comm);
  printf("foreign: %s of %s, descriptor %d: %u:%u\n", way, name, number, major(stat->st_rdev), minor(stat->st_rdev));
}

int main(void) {
  char path[64];
  struct stat seen;
  DIR *proc = opendir("/proc");
  if (proc == 0 || stat("/dev/pts", &own) != 0) return 1;
  for (struct dirent *entry; (entry = readdir(proc)) != 0;) {
    if (!isdigit(entry->d_name[0])) continue;
    int pid = atoi(entry->d_name), pidfd = syscall(SYS_pidfd_open, pid, 0);
    for (int number = 0; number < MOST; number++) {
      snprintf(path, sizeof path, "/proc/%d/fd/%d", pid, number);
      if (stat(path, &seen) == 0) look(pid, number, "link", &seen);
      int copy = pidfd < 0 ? -1 : syscall(SYS_pidfd_getfd, pidfd, number, 0);
      if (copy < 0) continue;
      if (fstat(copy, &seen) == 0) look(pid, number, "copy", &seen);
      close(copy);
    }
    if (pidfd >= 0) close(pidfd);
  }
  printf("own: %d\n", found);
  return 0;
}
