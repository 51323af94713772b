import type { InstallRefusal } from './elevation.ts';
import type { Finding, HostFix } from './host.ts';

/** Where in a profile file something is wrong. Lines and columns count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/**
 * Everything that can go wrong and that a user can mend, each with the arguments its sentence needs.
 * The engine throws the code; text/problems.ts has the sentences, so that they can be translated.
 */
export interface ProblemArguments {
  // host
  notLinux: { platform: string };
  programMissing: { program: string; install: string };
  programTooOld: { program: string; found: string; needed: string };
  namespacesRefused: { finding: Finding; fix: HostFix | undefined };
  // profile
  profileFileSyntax: { message: string };
  nestedTooDeep: { deepest: number };
  unknownKey: { key: string; known: readonly string[] };
  wrongValue: { key: string; value: string; expected: string };
  unknownProfile: { name: string; known: readonly string[] };
  extendsCycle: { chain: readonly string[] };
  unknownVariable: { variable: string };
  missingKey: { key: string };
  conflictingKeys: { keys: readonly string[] };
  wrongName: { name: string; expected: string };
  duplicateKey: { key: string };
  nameReserved: { name: string };
  builtinProtected: { name: string };
  // networks of a profile file
  unknownNetwork: { name: string; known: readonly string[] };
  subnetsOverlap: { network: string; subnet: string; other: string; otherSubnet: string };
  addressWrong: { address: string; network: string; subnets: readonly string[]; reason: AddressFault };
  addressTwice: { address: string; network: string; profile: string };
  interfaceTwice: { name: string };
  interfaceOfPorts: { name: string };
  networksApart: { first: string; second: string };
  // root file systems
  rootfsMissing: { path: string };
  rootfsNotUsable: { path: string; reason: string };
  tarEntryRefused: { path: string; entry: string; reason: string };
  tarBroken: { path: string; reason: string };
  unpackFailed: { path: string; reason: string };
  digestMismatch: { path: string; expected: string; found: string };
  mountTargetRefused: { target: string; reason: string };
  readOnlyNotHeld: { paths: readonly string[] };
  workspaceNotHeld: { path: string };
  bindSourceMissing: { path: string };
  bindSourceClosed: { path: string };
  bindSourceLink: { path: string; link: string };
  bindSourceChanged: { path: string };
  kernelFolderShown: { path: string };
  initFailed: { line: string; status: number; output: string };
  // workspace
  workspaceOwnedByRoot: { path: string };
  workspaceUnreachable: { path: string; blockedBy: string };
  workspaceTooWide: { path: string; home: string };
  toolsTooWide: { path: string; home: string };
  ownFoldersShown: { path: string; folder: string };
  workspaceNeeded: { profile: string };
  // namespaces and ids
  idRangesMissing: { missing: 'programs' | 'subuid' | 'subgid' | 'parent' };
  namespacePathWrong: { type: string; path: string; reason: string };
  namespacePathNotYours: { type: string; path: string };
  namespaceOnlyRoots: { type: string; id: string };
  namespacesApart: { first: string; second: string };
  // network
  hostOffline: Record<string, never>;
  uplinksFull: { most: number };
  tunNotUsable: { path: string; reason: string };
  portNotFree: { address: string; port: number; reason: string };
  capabilitiesOpenNetwork: { names: readonly string[]; without: 'network' | 'ports' };
  networkOffline: { ports: readonly string[] };
  networkFailed: { reason: string };
  // labs
  ipv6Off: { network: string };
  subnetOfHost: { network: string; subnet: string; address: string };
  labChanged: { network: string; sandboxes: readonly string[] };
  addressTaken: { address: string; network: string; sandbox: string };
  subnetFull: { network: string; subnet: string };
  labFailed: { reason: string };
  qdiscMissing: Record<string, never>;
  linkFailed: { reason: string };
  labNotByHand: Record<string, never>;
  notInLab: Record<string, never>;
  labNotFound: { id: string; running: readonly string[] };
  // limits
  limitsUnavailable: { keys: readonly string[]; reason: string };
  rlimitTooHigh: { name: string; asked: string; hard: string };
  // confinement
  maskedPathMissing: { path: string };
  seccompUnavailable: { reason: string; fix: string };
  seccompProfileWrong: { path: string; where: string; reason: string };
  landlockPathMissing: { path: string };
  landlockUnavailable: { reason: string; fix: string };
  // helper
  helperDismissed: { program: string };
  helperNotAuthorized: { reason: string };
  helperRefused: { verb: string; reason: string };
  helperEnded: { reason: string };
  rootNotWanted: Record<string, never>;
  noAgent: Record<string, never>;
  passwordNeeded: Record<string, never>;
  helperNotInstallable: { refusal: InstallRefusal };
  rootScriptFailed: { reason: string };
  // running
  sandboxStays: { id: string; pid: number };
  launchFailed: { step: string; output: string };
  sandboxNotFound: { id: string; running: readonly string[] };
  sandboxGone: { id: string };
  processGone: { pid: number };
  namespaceGone: { type: string; inode: number };
  namespaceNotYours: { type: string; inode: number };
  stateFolderUnsafe: { path: string; reason: string };
}

export type ProblemCode = keyof ProblemArguments;

/** Why an address cannot be had: another network or prefix, one that means more than one machine, or one that has its owner. */
export type AddressFault = 'outside' | 'prefix' | 'reserved' | 'own' | 'version' | 'hub';

/** One problem: a code, its arguments, and where the profile file caused it if it did. */
export type Problem = {
  [Code in ProblemCode]: {
    readonly code: Code;
    readonly args: ProblemArguments[Code];
    readonly place?: Place | undefined;
  };
}[ProblemCode];

export function problem<Code extends ProblemCode>(code: Code, args: ProblemArguments[Code], place?: Place): Problem {
  return { code, args, place } as Problem;
}

/** Carries one or more problems through `throw`. Its message is for logs: users read text/problems.ts. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly problems: readonly Problem[];

  constructor(problems: Problem | readonly Problem[], options?: ErrorOptions) {
    const all: readonly Problem[] = 'code' in problems ? [problems] : problems;
    super(all.map(({ code, args }) => `${code} ${JSON.stringify(args)}`).join('; '), options);
    this.problems = all;
  }
}

/** Throws one problem: `fail('rootfsMissing', { path })`. */
export function fail<Code extends ProblemCode>(code: Code, args: ProblemArguments[Code], cause?: unknown): never {
  throw new ProblemError(problem(code, args), { cause });
}
