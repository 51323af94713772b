/* Stops PID 1 of the sandbox that it is in, if it may trace it, says so, and lets go of it never. */
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
  int status;
  int is_held = ptrace(PTRACE_SEIZE, 1, 0, 0) == 0 && ptrace(PTRACE_INTERRUPT, 1, 0, 0) == 0;
  if (is_held) is_held = waitpid(1, &status, __WALL) == 1 && WIFSTOPPED(status);
  printf(is_held ? "held\n" : "refused\n");
  fflush(stdout);
  for (;;) pause();
}
