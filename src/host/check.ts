import { HOST_TOPICS, type FindingArguments, type HostLine, type HostReport, type HostTopic } from '../model/host.ts';
import type { HostCaller } from './caller.ts';
import { confinementLines } from './confinement.ts';
import { helperLines, type HelperView } from './helper.ts';
import { idLine } from './id-ranges.ts';
import { labLines } from './labs.ts';
import { limitLines } from './limits.ts';
import { found, line } from './line.ts';
import { mountOptionLines } from './mount-options.ts';
import { namespaceLines } from './namespaces.ts';
import { internetLine, tunLine } from './network.ts';
import { overlayLine } from './overlay.ts';
import { kernelLine, programLines, utilLinuxLine } from './versions.ts';

/** Tries everything that a sandbox may ask for, one thing a line, and undoes it. `helper` is what a running one says. */
export async function checkHost(caller: HostCaller, helper: HelperView | undefined): Promise<HostReport> {
  const { asOwner, uid } = caller;
  const namespaces = namespaceLines(asOwner);
  const works = namespaces.then((lines) => lines.some(({ id, status }) => id === 'namespace-user' && status === 'ok'));
  const lines: Readonly<Record<HostTopic, Promise<readonly HostLine[]>>> = {
    namespaces: all(kernelLine(), utilLinuxLine(), programLines(), namespaces),
    ids: all(idLine(caller, works)),
    rootfs: tryWhere(works, 'overlay', () => all(overlayLine(caller), mountOptionLines(asOwner))),
    limits: limitLines(caller),
    network: all(
      internetLine(),
      tunLine(asOwner),
      tryWhere(works, 'links', () => labLines(asOwner)),
    ),
    confinement: confinementLines(asOwner),
    helper: helperLines(uid, helper),
  };
  return { topics: await Promise.all(HOST_TOPICS.map(async (topic) => ({ topic, lines: await lines[topic] }))) };
}

type Lines = HostLine | readonly HostLine[];

async function all(...parts: readonly (Lines | Promise<Lines>)[]): Promise<readonly HostLine[]> {
  return (await Promise.all(parts.map((part) => Promise.resolve(part)))).flat();
}

/** What happens in a user namespace is tried only where there can be one: its cause is the same, and said once. */
async function tryWhere(
  works: Promise<boolean>,
  feature: FindingArguments['untried']['feature'],
  lines: () => Promise<readonly HostLine[]>,
): Promise<readonly HostLine[]> {
  return (await works) ? lines() : [line(feature, 'missing', found('untried', { feature }))];
}
