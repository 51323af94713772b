import { callerUid } from './identity.ts';
import { stayLean } from './memory.ts';
import { report } from './report.ts';
import { serve } from './serve.ts';

// Everything else of the caller's environment is gone already under pkexec; under sudo and root it is not.
const uid = callerUid(process.env, process.getuid?.());
process.env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };
process.chdir('/');
process.umask(0o022);
stayLean();

if (uid === undefined) {
  process.stderr.write('The helper must be started by pkexec, by sudo, or by root itself.\n');
  process.exitCode = 1;
} else {
  serve({ uid, input: process.stdin, output: process.stdout, report }).then(
    () => process.exit(0),
    () => process.exit(1),
  );
}
