/** Number of objects in a file of /proc/sysvipc, which has a line for each beneath its head (sysvipc(7)). */
export function countObjects(text: string): number {
  return Math.max(0, text.split('\n').filter((line) => line.trim() !== '').length - 1);
}
