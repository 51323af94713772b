import { checkHost } from '../../host/check.ts';
import type { App } from '../app.ts';
import { hostReportText } from '../host-report.ts';

/** Shows what this host can do and what it lacks. */
export async function checkThisHost({ documents }: App): Promise<void> {
  await documents.show('This Host', hostReportText(await checkHost()));
}
