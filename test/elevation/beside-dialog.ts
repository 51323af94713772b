// beside-dialog SCRIPT: runs a script of sh(1), and closes each dialog that asks for a password for what it starts.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { argv } from 'node:process';
import { dismissingAgent } from './dismissing-agent.ts';

const [, , script = ''] = argv;
const shell = spawn('/bin/sh', ['-c', `read -r _\n${script}`], { stdio: ['pipe', 'inherit', 'inherit'] });
await dismissingAgent(() => console.log('asked by a dialog'), shell.pid);
shell.stdin.end('\n');
const [status] = (await once(shell, 'exit')) as [number | null];
process.exit(status ?? 1);
