import {
  finding,
  type Finding,
  type FindingArguments,
  type FindingCode,
  type HostFix,
  type HostLine,
} from '../model/host.ts';

/** What was found, and the narrowest way out where it is not well. */
export interface Found {
  readonly finding: Finding;
  readonly fix?: HostFix | undefined;
}

export function found<Code extends FindingCode>(code: Code, args: FindingArguments[Code], fix?: HostFix): Found {
  return { finding: finding(code, args), fix };
}

export function line(id: string, status: HostLine['status'], what: Found): HostLine {
  return { id, status, ...what };
}

/** A line of what no sandbox starts without. */
export function neededLine(id: string, status: 'ok' | 'missing', what: Found): HostLine {
  return { ...line(id, status, what), needed: true };
}
