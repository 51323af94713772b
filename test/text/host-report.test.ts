import { describe, expect, it } from 'vitest';
import { finding, type HostLine, type HostReport } from '../../src/model/host.ts';
import { problem } from '../../src/model/problem.ts';
import { hostReportJson, hostReportText, sandboxesStart } from '../../src/text/host-report.ts';
import { sentence } from '../../src/text/problems.ts';

const needed = { needed: true } as const;
const file = { path: '/etc/apparmor.d/namespace-sandboxes', content: 'abi <abi/4.0>,\n' };
const delegate = {
  code: 'delegate',
  commands: ['sudo mkdir -p /etc/systemd/system/user@.service.d', 'sudo systemctl daemon-reload'],
} as const;
const kernel: HostLine = { id: 'kernel', status: 'ok', ...needed, finding: finding('kernel', { version: '6.8.0' }) };
const refused: HostLine = {
  id: 'namespace-user',
  status: 'missing',
  ...needed,
  finding: finding('userNamespacesAppArmor', { setting: 'kernel.apparmor_restrict_unprivileged_userns' }),
  fix: {
    code: 'appArmorProfile',
    commands: [
      `printf '%s\\n' 'abi <abi/4.0>,' | sudo tee ${file.path}`,
      `sudo apparmor_parser --replace ${file.path}`,
    ],
    file,
  },
};
const notYours = (controller: 'cpu' | 'io'): HostLine => ({
  id: `limit-${controller}`,
  status: 'limited',
  finding: finding('controllerNotYours', { controller, lacks: 'delegation', helper: true }),
  fix: delegate,
});

/** The features of a host; without `first` no sandbox starts. */
const hostWith = (first: readonly HostLine[]): HostReport => ({
  topics: [
    { topic: 'namespaces', lines: first },
    {
      topic: 'ids',
      lines: [
        {
          id: 'ids',
          status: 'limited',
          finding: finding('idRangesUnset', { files: ['/etc/subuid', '/etc/subgid'] }),
          fix: {
            code: 'addRanges',
            commands: ['sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 me'],
          },
        },
      ],
    },
    {
      topic: 'rootfs',
      lines: [
        {
          id: 'overlay',
          status: 'ok',
          finding: finding('overlay', { folder: '/home/me/.local/state/namespace-sandboxes' }),
        },
        {
          id: 'mount-idmap',
          status: 'limited',
          finding: finding('idmappedMount', { outcome: 'ignored' }),
          fix: { code: 'upgradeUtilLinux', commands: [] },
        },
      ],
    },
    {
      topic: 'limits',
      lines: [
        { id: 'limit-memory', status: 'ok', finding: finding('controller', { controller: 'memory', way: 'systemd' }) },
        notYours('cpu'),
        notYours('io'),
      ],
    },
    {
      topic: 'network',
      lines: [
        {
          id: 'internet',
          status: 'missing',
          finding: finding('internetMissing', {}),
          fix: { code: 'install', commands: ['sudo apt install passt'] },
        },
      ],
    },
    {
      topic: 'confinement',
      lines: [{ id: 'seccomp-loader', status: 'ok', finding: finding('seccompLoader', { program: 'setpriv' }) }],
    },
    { topic: 'helper', lines: [{ id: 'agent', status: 'ok', finding: finding('agent', { kind: 'desktop' }) }] },
  ],
});

describe('hostReportText', () => {
  it('says what is limited or missing, why, and how to mend it', async () => {
    await expect(hostReportText(hostWith([kernel]))).toMatchFileSnapshot('golden/host-report.txt');
  });

  it('begins with it where no sandbox can start', async () => {
    await expect(hostReportText(hostWith([kernel, refused]))).toMatchFileSnapshot('golden/host-report-refused.txt');
  });
});

describe('hostReportJson', () => {
  it('has codes for programs, and what people read', () => {
    expect(hostReportJson({ topics: [{ topic: 'namespaces', lines: [refused] }] })).toEqual({
      sandboxesStart: false,
      topics: [
        {
          topic: 'namespaces',
          lines: [
            {
              id: 'namespace-user',
              status: 'missing',
              needed: true,
              code: 'userNamespacesAppArmor',
              args: { setting: 'kernel.apparmor_restrict_unprivileged_userns' },
              text: 'AppArmor takes all rights from user namespaces of programs without a profile: kernel.apparmor_restrict_unprivileged_userns is 1.',
              fix: { ...refused.fix, explain: 'Let the program unshare make them, by a profile of its own:' },
            },
          ],
        },
      ],
    });
  });
});

it('a sandbox starts without what it does not ask for', () => {
  expect(sandboxesStart(hostWith([kernel]))).toBe(true);
  expect(sandboxesStart(hostWith([refused]))).toBe(false);
});

it('a refused start says the cause and the commands on one line', () => {
  expect(sentence(problem('namespacesRefused', { finding: refused.finding, fix: refused.fix }))).toBe(
    'No sandbox can start here: AppArmor takes all rights from user namespaces of programs without a profile: kernel.apparmor_restrict_unprivileged_userns is 1. ' +
      "Let the program unshare make them, by a profile of its own: printf '%s\\n' 'abi <abi/4.0>,' | sudo tee /etc/apparmor.d/namespace-sandboxes && sudo apparmor_parser --replace /etc/apparmor.d/namespace-sandboxes",
  );
});
