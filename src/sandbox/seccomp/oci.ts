import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import * as v from 'valibot';
import { isAtLeast } from '../../host/versions.ts';
import { messageOf } from '../../model/message-of.ts';
import { fail } from '../../model/problem.ts';
import type { Capabilities } from '../../model/profile.ts';
import { hasCapability } from '../capabilities.ts';
import { EPERM, KILL, refuse, type ArgumentTest, type Filter, type Rule } from './filter.ts';
import { ociSeccomp, type OciCondition, type OciSeccomp, type OciSyscall } from './oci-schema.ts';

/** What the conditions of a profile are about. */
export interface Circumstances {
  readonly capabilities: Capabilities;
  /** As Node names it: `x64`, `arm64`. */
  readonly arch: string;
  /** Release of the kernel. */
  readonly kernel: string;
}

/** Names of one architecture: that of libseccomp and, in conditions, that of Go. */
const ARCHITECTURES: Readonly<Partial<Record<string, { readonly token: string; readonly name: string }>>> = {
  x64: { token: 'SCMP_ARCH_X86_64', name: 'amd64' },
  arm64: { token: 'SCMP_ARCH_AARCH64', name: 'arm64' },
};

/**
 * The filter that an OCI seccomp profile asks for, for these capabilities on this machine.
 * @throws ProblemError `seccompProfileWrong`, with the place in the file.
 */
export function readOciFilter(path: string, capabilities: Capabilities): Filter {
  return ociFilter(path, readText(path), { capabilities, arch: process.arch, kernel: release() });
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    return fail('seccompProfileWrong', { path, where: '', reason: messageOf(error) }, error);
  }
}

/** @throws ProblemError `seccompProfileWrong`. */
export function ociFilter(path: string, text: string, circumstances: Circumstances): Filter {
  const profile = parse(path, text);
  const otherwise = actionOf(profile.defaultAction, profile.defaultErrnoRet);
  return {
    otherwise,
    elsewhere: KILL,
    architectures: architecturesOf(profile, circumstances).map(libseccompName),
    rules: profile.syscalls
      .filter((syscall) => applies(syscall, circumstances))
      .flatMap(rulesOf)
      .filter(({ action }) => action !== otherwise),
  };
}

function parse(path: string, text: string): OciSeccomp {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    fail('seccompProfileWrong', { path, where: '', reason: `it is not JSON (${messageOf(error)})` }, error);
  }
  const { success, output, issues } = v.safeParse(ociSeccomp, json, { abortEarly: true });
  if (success) return output;
  const [{ message }] = issues;
  fail('seccompProfileWrong', { path, where: v.getDotPath(issues[0]) ?? '', reason: message });
}

/** The errno stands in the lower half of SCMP_ACT_ERRNO; the OCI specification's default is EPERM. */
function actionOf(action: number, errno: number | null | undefined): number {
  return action === refuse(0) ? refuse(errno ?? EPERM) : action;
}

function architecturesOf(profile: OciSeccomp, { arch }: Circumstances): readonly string[] {
  const own = ARCHITECTURES[arch]?.token;
  const mapped = profile.archMap.filter(({ architecture }) => architecture === own);
  return [...profile.architectures, ...mapped.flatMap(({ subArchitectures }) => subArchitectures)];
}

const libseccompName = (token: string): string => token.replace('SCMP_ARCH_', '').toLowerCase();

function applies({ includes, excludes }: OciSyscall, circumstances: Circumstances): boolean {
  return isIncluded(includes, circumstances) && !isExcluded(excludes, circumstances);
}

/** Each condition that is there must hold; capabilities all of them. */
function isIncluded(
  condition: OciCondition | null | undefined,
  { capabilities, arch, kernel }: Circumstances,
): boolean {
  if (!condition) return true;
  const { caps, arches, minKernel } = condition;
  return (
    caps.every((name) => hasCapability(capabilities, plainName(name))) &&
    (arches.length === 0 || arches.includes(ARCHITECTURES[arch]?.name ?? arch)) &&
    (minKernel === undefined || isAtLeast(kernel, versionOf(minKernel)))
  );
}

/** One that holds is enough. */
function isExcluded(
  condition: OciCondition | null | undefined,
  { capabilities, arch, kernel }: Circumstances,
): boolean {
  if (!condition) return false;
  const { caps, arches, minKernel } = condition;
  return (
    caps.some((name) => hasCapability(capabilities, plainName(name))) ||
    arches.includes(ARCHITECTURES[arch]?.name ?? arch) ||
    (minKernel !== undefined && isAtLeast(kernel, versionOf(minKernel)))
  );
}

const plainName = (capability: string): string => capability.toLowerCase().replace(/^cap_/, '');

function versionOf(text: string): readonly [number, number] {
  const [major = 0, minor = 0] = text.split('.').map(Number);
  return [major, minor];
}

function rulesOf({ names, action, errnoRet, args }: OciSyscall): readonly Rule[] {
  const given = actionOf(action, errnoRet);
  const tests = args.map(testOf);
  return names.flatMap((syscall) => alternatives(tests).map((all) => ({ syscall, action: given, tests: all })));
}

/** libseccomp takes one test of an argument in a rule; as runc reads it, several of the same argument are alternatives. */
function alternatives(tests: readonly ArgumentTest[]): readonly (readonly ArgumentTest[])[] {
  const distinct = new Set(tests.map(({ index }) => index)).size === tests.length;
  return distinct ? [tests] : tests.map((test) => [test]);
}

function testOf({ index, op, value, valueTwo }: OciSyscall['args'][number]): ArgumentTest {
  if (op !== 'maskedEqual') return { index, compare: op, value: BigInt(value) };
  return { index, compare: op, mask: BigInt(value), value: BigInt(valueTwo) };
}
