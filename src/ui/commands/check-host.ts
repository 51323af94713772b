import { checkThisHost as check } from '../../sandbox/host.ts';
import { hostReportText } from '../../text/host-report.ts';
import type { App } from '../app.ts';

/** Shows what this host can do, what it lacks, and what to do about it. */
export async function checkThisHost({ documents, helper }: App): Promise<void> {
  await documents.show('This Host', hostReportText(await check(await helper.session())));
}
