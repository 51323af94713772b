/**
 * sh lines that close what the start script was handed beyond what is `kept`. Whoever starts it may hand descriptors on without
 * knowing: VS Code its log files. What goes inside is closed there in any case; this keeps them from staying open outside for as long
 * as the sandbox runs. Those that are closed on exec (O_CLOEXEC of open(2), in the octal flags of proc_pid_fdinfo(5)) go by
 * themselves. Those above 9 only bash can name: it takes over where the sandbox `stays` after its launcher.
 */
export function closeHandedOn(kept: readonly number[], stays: boolean): readonly string[] {
  const above = stays ? '[ -n "${BASH_VERSION-}" ] || exec bash "$0" "$@"' : 'continue';
  return [
    '# What its opener has open beside that does not stay open, proc_pid_fdinfo(5).',
    'handed_on() {',
    '  value=; while read -r key value; do [ "$key" != flags: ] || break; done',
    '  case $value in 0[2367]?????? | "") return 1 ;; esac',
    '}',
    'for fd in /proc/$$/fd/*; do',
    '  fd=${fd##*/}',
    `  case $fd in ${kept.join(' | ')}) continue ;; esac`,
    '  [ -e "/proc/$$/fdinfo/$fd" ] && handed_on <"/proc/$$/fdinfo/$fd" || continue',
    `  [ "$fd" -lt 10 ] || ${above}`,
    '  eval "exec $fd>&-"',
    'done',
  ];
}
