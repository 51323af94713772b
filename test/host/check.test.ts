import { describe, expect, it } from 'vitest';
import { requireLinux } from '../../src/host/programs.ts';
import { HOST_TOPICS } from '../../src/model/host.ts';
import { checkThisHost } from '../../src/sandbox/host.ts';

describe('checkThisHost', () => {
  it('tries every topic, and each feature once', async () => {
    const { topics } = await checkThisHost();
    expect(topics.map(({ topic }) => topic)).toEqual(HOST_TOPICS);
    const ids = topics.flatMap(({ lines }) => lines).map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(topics.every(({ lines }) => lines.length > 0)).toBe(true);
  });

  it('is refused anywhere but on Linux, in words', () => {
    expect(() => requireLinux('darwin')).toThrow(/notLinux/);
    expect(() => requireLinux('linux')).not.toThrow();
  });
});
