import type { Container } from '../model/container.ts';

/** `docker 0123456789ab`, `sandbox throwaway-1a2b`, `systemd cron.service`. */
export function containerText({ kind, name }: Container): string {
  return `${kind} ${name}`;
}
