/** A container, or what else started and keeps a process, as far as its cgroup and its ancestors tell. */
export interface Container {
  readonly kind:
    'sandbox' | 'docker' | 'podman' | 'containerd' | 'cri-o' | 'lxc' | 'nspawn' | 'flatpak' | 'bwrap' | 'systemd';
  /** Its name, or the beginning of its id where only that is known. */
  readonly name: string;
}
