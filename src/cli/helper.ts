import { installScript, removeScript, runRootScript, scriptPreview } from '../elevation/install.ts';
import { installedHelper } from '../elevation/installed.ts';
import { installedSentence } from '../text/elevation.ts';
import { cliPerson } from './person.ts';
import { HELPER_FILE } from './run.ts';
import { readOptions, UsageError } from './usage.ts';

const SCRIPTS = { install: installScript, remove: removeScript } as const;

/** `unshared helper`: looks at the installed helper, installs it, or removes it. */
export async function helper(args: readonly string[]): Promise<number> {
  const { values, positionals } = readOptions('helper', args, { show: { type: 'boolean' } });
  const [what, ...more] = positionals;
  if (more.length > 0 || (what !== 'status' && what !== 'install' && what !== 'remove'))
    throw new UsageError('Say one of status, install and remove.', 'helper');
  if (what === 'status') return sayStatus();
  const script = SCRIPTS[what](HELPER_FILE);
  if (values.show) {
    process.stdout.write(scriptPreview(script));
    return 0;
  }
  await runRootScript(script, cliPerson());
  return sayStatus();
}

function sayStatus(): number {
  process.stdout.write(`${installedSentence(installedHelper(HELPER_FILE))}\n`);
  return 0;
}
