/**
 * sh lines that close what a script was handed beyond the three standard streams, or beyond `kept`. Whoever starts it may hand descriptors on
 * without knowing: VS Code its log files. Those that are closed on exec (O_CLOEXEC of open(2), in the octal flags of
 * proc_pid_fdinfo(5)) go by themselves; those above 9 only bash can name, so that one takes over then.
 */
export function closeHandedOn(kept: readonly number[] = [0, 1, 2]): readonly string[] {
  return [
    '# Of what its opener has open, the three standard streams go inside and nothing else: proc_pid_fdinfo(5).',
    'handed_on() {',
    '  value=; while read -r key value; do [ "$key" != flags: ] || break; done',
    '  case $value in 0[2367]?????? | "") return 1 ;; esac',
    '}',
    'for fd in /proc/$$/fd/*; do',
    '  fd=${fd##*/}',
    `  case $fd in ${kept.join(' | ')}) continue ;; esac`,
    '  [ -e "/proc/$$/fdinfo/$fd" ] && handed_on <"/proc/$$/fdinfo/$fd" || continue',
    '  [ "$fd" -lt 10 ] || [ -n "${BASH_VERSION-}" ] || exec bash "$0" "$@"',
    '  eval "exec $fd>&-"',
    'done',
  ];
}
