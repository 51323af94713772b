import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { containerOf, containerOfCgroups } from '../../src/discovery/containers.ts';
import { someProcess } from './samples.ts';

const ID = '0123456789ab'.padEnd(64, 'c');

describe('a container is known by its cgroup', () => {
  it.each([
    [`/docker/${ID}`, 'docker 0123456789ab'],
    [`/system.slice/docker-${ID}.scope`, 'docker 0123456789ab'],
    [`/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${ID}.scope/container`, 'podman 0123456789ab'],
    [`/kubepods.slice/kubepods-pod7.slice/cri-containerd-${ID}.scope`, 'containerd 0123456789ab'],
    [`/kubepods/besteffort/pod7/${ID}`, 'containerd 0123456789ab'],
    [`/kubepods.slice/crio-${ID}.scope`, 'cri-o 0123456789ab'],
    ['/lxc.payload.web/system.slice/ssh.service', 'lxc web'],
    ['/lxc/web', 'lxc web'],
    [String.raw`/machine.slice/machine-debian\x2d12.scope/payload`, 'nspawn debian-12'],
    ['/machine.slice/systemd-nspawn@web.service/payload/init.scope', 'nspawn web'],
    ['/user.slice/app.slice/app-flatpak-org.gimp.GIMP-4711.scope', 'flatpak org.gimp.GIMP'],
    ['/namespace-sandboxes/throwaway-1a2b', 'sandbox throwaway-1a2b'],
    ['/namespace-sandboxes/1000.throwaway-1a2b', 'sandbox throwaway-1a2b'],
    ['/user.slice/app.slice/namespace-sandboxes-throwaway-1a2b.scope', 'sandbox throwaway-1a2b'],
    ['/system.slice/ssh.service', 'systemd ssh.service'],
    ['/user.slice/user@1000.service/app.slice/bus.service', 'systemd bus.service'],
    ['/', undefined],
    ['/docker/short', undefined],
  ])('%s', (path, expected) => {
    const found = containerOfCgroups({ '': path });
    expect(found && `${found.kind} ${found.name}`).toBe(expected);
  });

  it('whatever stands there', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (path) => void containerOfCgroups({ '': path })));
  });
});

it('a container is known by an ancestor, which is nearer than a unit', () => {
  const cgroups = { '': '/system.slice/ssh.service' };
  const processes = [
    someProcess({ pid: 1, ppid: 0, comm: 'init', command: 'init' }),
    someProcess({ pid: 20, ppid: 1, comm: 'sh', command: 'sh -c x namespace-sandboxes:review-9f --' }),
    someProcess({ pid: 21, ppid: 20, cgroups }),
    someProcess({ pid: 30, ppid: 1, comm: 'bwrap' }),
    someProcess({ pid: 31, ppid: 30, comm: 'bash', cgroups }),
    someProcess({ pid: 40, ppid: 41 }),
    someProcess({ pid: 41, ppid: 40 }),
  ];
  const of = (pid: number) => {
    const processOf = (one: number) => processes.find((process) => process.pid === one);
    return containerOf(processOf(pid) ?? someProcess(), processOf);
  };
  expect(of(21)).toEqual({ kind: 'sandbox', name: 'review-9f' });
  expect(of(31)).toEqual({ kind: 'bwrap', name: 'bash' });
  expect(of(40)).toBeUndefined();
});
