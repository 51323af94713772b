/** What `unshared --help` and `unshared COMMAND --help` print. */
export const HELP = {
  overview: `unshared: terminals and commands in sandboxes made of kernel namespaces, without root

  unshared run [options] [-- command…]   start a sandbox and run a command in it, or a shell
  unshared list [--json]                 the sandboxes that run
  unshared enter ID [-- command…]        one more shell or command in a running sandbox
  unshared stop ID… | --all              end sandboxes with all their processes
  unshared script [options]              the script that "run" would run, or that a sandbox was made with
  unshared lab list|start|stop|link|…    sandboxes that are connected with each other
  unshared helper status|install|remove  the helper, where only root can change it
  unshared check                         what this host can do, and what it lacks
  unshared namespaces [--json]           every namespace of this machine
  unshared cgroups [--json]              the cgroup hierarchy of this machine

unshared COMMAND --help says more, and unshared --version which version this is. The exit status
is that of the command that was run, or 125 if unshared itself failed.
`,
  run: `unshared run [--profile NAME] [--rootfs PATH] [--limit KEY=VALUE]… [--network MODE]
             [--workspace FOLDER] [-- command…]

Starts a sandbox and runs a command in it, or a shell. It ends with the command, unless its profile
says "lifetime": "untilStopped".

  --profile NAME      built in: throwaway (default), project, agent, learn; or one of .vscode/sandboxes.json
  --rootfs PATH       host, a folder, or a .tar, .tar.gz or .tar.xz archive
  --limit KEY=VALUE   memory.max=64M, pids.max=256, cpu.max=150%, cpuset.cpus=0-1, "io.max=/dev/vda wbps=1M" or
                      another of cgroup v2; may be given several times, and is strict
  --network MODE      none, host or internet, instead of what the profile says
  --workspace FOLDER  the folder that is the workspace (default: the current one)
`,
  list: `unshared list [--json]

The running sandboxes of this user: id, profile, pid of PID 1, time since the start, memory, processes, limits.
`,
  enter: `unshared enter ID [-- command…]

One more shell or command in a running sandbox, under the same limits and the same confinement as the first.
The beginning of an id is enough where only one sandbox has it.
`,
  stop: `unshared stop ID… | --all

Ends sandboxes with all their processes, and removes what they leave.
`,
  script: `unshared script [--join | --lab | --export FOLDER] [ID | --profile NAME [--rootfs PATH] [--limit KEY=VALUE]…
                [--network MODE] [--workspace FOLDER]]

Prints the script that makes a sandbox: of a running one by its ID, else what "unshared run" would run.

  --join              the script that enters it instead
  --lab               the script that starts the lab that it is in
  --export FOLDER     write both there; they run by hand: "sh start.sh" in one terminal, then in others
                      "sh join.sh", or "sh join.sh COMMAND ARGUMENT…"
`,
  lab: `unshared lab list [--json]
unshared lab start [--workspace FOLDER] [PROFILE…]
unshared lab stop [--workspace FOLDER] [LAB]
unshared lab link NETWORK | SANDBOX [--delay TIME] [--jitter TIME] [--loss SHARE] [--rate RATE] | --down | --up
unshared lab example [--keep | --file]

A lab is what connects the sandboxes whose profiles have "networks". It starts with the first of them, also by
"unshared run", and ends with the last. "list" says which run, and who is in them with which addresses; "start" starts the
profiles of the workspace that have "networks", or those that are named, until they are stopped; "stop" ends all sandboxes of
a lab: that of the workspace, or the one that is named. "link" changes what holds for the links of a running network, or of one
sandbox, of the workspace: packets on their way to a sandbox are late, lost, or only so many; without an option all of that ends,
and --down takes the links down until --up. "example" starts two sandboxes, 10.0.0.1 and 10.0.0.2, that ping
each other.

  --workspace FOLDER  the folder that is the workspace (default: the current one)
  --delay 20ms        and --jitter 5ms, --loss 1%, --rate 10mbit: as in the profile file
  --keep              leave the sandboxes of the example running
  --file              print the profile file of the example, and start nothing
`,
  helper: `unshared helper status
unshared helper install [--show]
unshared helper remove [--show]

The helper does as root what the kernel refuses you. Without being installed, the bundled file runs as root, which you
yourself can change. "install" copies it to /usr/libexec/namespace-sandboxes, with actions of its own for polkit; "remove"
takes away every file of it; "status" says which one is used.

  --show              print the script that would run as root, and run nothing
`,
  check: `unshared check [--json]

Tries everything that a sandbox may ask for on this host. Where something is limited or missing, it says why, and which
command mends it. The exit status is 1 if no sandbox can start without root.
`,
  namespaces: `unshared namespaces [--json]

Every namespace of this machine that this user can see, also those that no process is in. --json uses the field names of
lsns(8), and says besides how each was found, what is in it, and what could not be read.
`,
  cgroups: `unshared cgroups [--json]

The controllers and the cgroup hierarchies of this machine.
`,
} as const;

export type CommandName = Exclude<keyof typeof HELP, 'overview'>;

export function isCommand(name: string): name is CommandName {
  return name !== 'overview' && Object.hasOwn(HELP, name);
}
