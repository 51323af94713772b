/* swap A B: exchanges two names as fast as it can, and says so once it has begun. Ends when it is killed, or with its input. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

int main(int count, char **words) {
  if (count != 3) return 2;
  for (long turn = 0;; turn++) {
    if (renameat2(AT_FDCWD, words[1], AT_FDCWD, words[2], RENAME_EXCHANGE) != 0) return 1;
    if (turn == 0 && write(1, "swapping\n", 9) != 9) return 1;
    struct pollfd input = {.fd = 0, .events = POLLIN};
    if (turn % 64 == 0 && poll(&input, 1, 0) != 0) return 0;
  }
}
