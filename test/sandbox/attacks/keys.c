/*
 * keys with NAME TEXT COMMAND...: runs a command with a session keyring of its own, which holds a key (session-keyring(7)).
 * keys look NAME: prints the text of every key of that name that can be found, with the keyring that led to it, and `looked`.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/keyctl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static void print(const char *way, long key) {
  char text[256];
  long length = key < 0 ? -1 : syscall(SYS_keyctl, KEYCTL_READ, key, text, sizeof text);
  if (length >= 0) printf("%s: %.*s\n", way, (int)length, text);
}

static int look(const char *name) {
  static const struct {
    const char *name;
    int number;
  } rings[] = {
      {"session keyring", KEY_SPEC_SESSION_KEYRING},
      {"process keyring", KEY_SPEC_PROCESS_KEYRING},
      {"thread keyring", KEY_SPEC_THREAD_KEYRING},
      {"user keyring", KEY_SPEC_USER_KEYRING},
      {"user session keyring", KEY_SPEC_USER_SESSION_KEYRING},
  };
  for (unsigned i = 0; i < sizeof rings / sizeof *rings; i++)
    print(rings[i].name, syscall(SYS_keyctl, KEYCTL_SEARCH, rings[i].number, "user", name, 0));
  print("request", syscall(SYS_request_key, "user", name, 0, 0));
  if (syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 1) >= 0 || errno != ENOSYS) printf("looked\n");
  return 0;
}

int main(int count, char **words) {
  if (count == 3 && strcmp(words[1], "look") == 0) return look(words[2]);
  if (count < 5 || strcmp(words[1], "with") != 0) return 2;
  if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, 0) < 0) return perror("keyctl"), 1;
  if (syscall(SYS_add_key, "user", words[2], words[3], strlen(words[3]), KEY_SPEC_SESSION_KEYRING) < 0)
    return perror("add_key"), 1;
  execv(words[4], words + 4);
  return perror(words[4]), 1;
}
