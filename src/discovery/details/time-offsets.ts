/** Seconds of /proc/PID/timens_offsets (time_namespaces(7)). The nanoseconds are added to the seconds, also to negative ones. */
export function parseOffsets(text: string): { readonly monotonic: number; readonly boottime: number } {
  const offset = (clock: string): number => {
    const [, seconds, nanoseconds] = new RegExp(`^${clock} +(-?\\d+) +(\\d+)$`, 'm').exec(text) ?? [];
    return seconds === undefined ? 0 : Number(seconds) + Number(nanoseconds) / 1e9;
  };
  return { monotonic: offset('monotonic'), boottime: offset('boottime') };
}
