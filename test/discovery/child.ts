import { execa } from 'execa';
import { once } from 'node:events';

export interface Child {
  readonly pid: number;
  /** Kills it and waits until it is reaped. */
  end(): Promise<void>;
}

/** Starts a program, and waits until it has printed something: it is then where the test wants it. */
export async function startChild(file: string, args: readonly string[]): Promise<Child> {
  const subprocess = execa(file, args, { reject: false });
  await Promise.race([once(subprocess.stdout, 'data'), subprocess.then(complain)]);
  const end = async (): Promise<void> => {
    subprocess.kill('SIGKILL');
    await subprocess;
  };
  return { pid: subprocess.pid ?? 0, end };
}

function complain({ command, stderr }: { readonly command: string; readonly stderr: string }): never {
  throw new Error(`${command} has ended: ${stderr}`);
}
