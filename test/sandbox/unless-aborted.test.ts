import { describe, expect, it } from 'vitest';
import { unlessAborted } from '../../src/sandbox/unless-aborted.ts';

const never = new Promise<never>(() => undefined);

describe('unlessAborted', () => {
  it('comes to what the work comes to', async () => {
    const { signal } = new AbortController();
    expect(await unlessAborted(Promise.resolve(3), signal)).toBe(3);
    expect(await unlessAborted(Promise.resolve(3), undefined)).toBe(3);
    await expect(unlessAborted(Promise.reject(new Error('failed')), signal)).rejects.toThrow('failed');
  });

  it('rejects with the reason of a signal that is aborted meanwhile, or was before', async () => {
    const controller = new AbortController();
    const waiting = unlessAborted(never, controller.signal);
    controller.abort(new Error('given up'));
    await expect(waiting).rejects.toThrow('given up');
    await expect(unlessAborted(never, controller.signal)).rejects.toThrow('given up');
    await expect(unlessAborted(Promise.reject(new Error('failed')), controller.signal)).rejects.toThrow('given up');
  });
});
