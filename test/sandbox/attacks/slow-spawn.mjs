// For node --import: whoever starts a program does nothing more for half a second. Signals that come meanwhile wait, if anybody waits for them.
import childProcess from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';

const { spawn } = childProcess;
childProcess.spawn = new Proxy(spawn, {
  apply(target, self, words) {
    /** @type {unknown} */
    const child = Reflect.apply(target, self, words);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
    return child;
  },
});
syncBuiltinESMExports();
