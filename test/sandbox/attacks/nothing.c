/* Ends at once, by the only system call that it makes; without a library (-nostdlib). */
void _start(void) {
#ifdef __x86_64__
  __asm__ volatile("mov $231, %eax; xor %edi, %edi; syscall");
#else
  __asm__ volatile("mov x8, #94; mov x0, #0; svc #0");
#endif
}
