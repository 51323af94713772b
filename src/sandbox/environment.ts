import { SYSTEM_PATH } from '../host/programs.ts';
import type { Plan } from './plan.ts';
import { IGNORED } from './script/mount-lines.ts';

/** What every command inside finds in its environment, but for what passes from outside and what the profile sets. */
export function usualEnvironment({ identity, toolchains, ignored }: Plan): Readonly<Record<string, string>> {
  const { home, name } = identity;
  return {
    PATH: [...toolchains.path, ...SYSTEM_PATH].join(':'),
    HOME: home,
    USER: name,
    LOGNAME: name,
    LANG: 'C.UTF-8',
    ...toolchains.env,
    ...(ignored.length > 0 ? IGNORE_PLACEHOLDERS : {}),
  };
}

/** Whoever commits everything inside does not commit what only stands there meanwhile (git-config(1), GIT_CONFIG_COUNT). */
const IGNORE_PLACEHOLDERS = {
  GIT_CONFIG_COUNT: '1',
  GIT_CONFIG_KEY_0: 'core.excludesFile',
  GIT_CONFIG_VALUE_0: IGNORED,
} as const;

/** All of it, for the command that a sandbox starts with. */
export function environmentInside(plan: Plan, outside: NodeJS.ProcessEnv): Readonly<Record<string, string>> {
  const { env, envPass } = plan.profile;
  const passed = envPass.flatMap((name) => (outside[name] === undefined ? [] : [[name, outside[name]] as const]));
  return { ...usualEnvironment(plan), ...terminalVariables(outside), ...Object.fromEntries(passed), ...env };
}

/** What says which terminal this is. */
export function terminalVariables({ TERM, COLORTERM }: NodeJS.ProcessEnv): Readonly<Record<string, string>> {
  return { TERM: TERM ?? 'dumb', ...(COLORTERM === undefined ? {} : { COLORTERM }) };
}
