import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { startChild } from './child.ts';
import { onCleanup } from './cleanup.ts';
import { temporaryFolder } from './folder.ts';
import { waitFor } from './wait.ts';

/** A Debian of its own that systemd boots: this machine's files under a layer that is thrown away, on this network. */
export interface Machine {
  /** Runs a command in it as root; rejects with what it printed when it fails. */
  run(command: string, ...args: string[]): Promise<string>;
  /** Writes a file in it. */
  write(path: string, text: string, mode?: number): void;
  stop(): Promise<void>;
}

/** Why no machine can be booted here, or undefined where one can. */
export function whyNoMachine(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root can boot one';
  if (!existsSync('/usr/bin/systemd-nspawn')) return 'systemd-nspawn is not installed (Debian: systemd-container)';
  const layers = '/mnt/upper,workdir=/mnt/work';
  const attempt = `mount -t tmpfs tmpfs /mnt && mkdir /mnt/upper /mnt/work /mnt/root &&
    mount -t overlay overlay -o lowerdir=/,upperdir=${layers} /mnt/root`;
  const { status, stderr } = spawnSync('/usr/bin/unshare', ['--mount', '/bin/sh', '-c', attempt], { encoding: 'utf8' });
  return status === 0 ? undefined : `no file system can be mounted here: ${stderr.trim()}`;
}

/** Boots the machine; `mounts` are read-only: path in the machine → path of this one. Ends with the test. */
export async function bootMachine(mounts: Readonly<Record<string, string>> = {}): Promise<Machine> {
  const folder = temporaryFolder('machine');
  const [layer, root] = [join(folder.path, 'layer'), join(folder.path, 'root')];
  for (const path of [layer, root]) mkdirSync(path);
  const name = `flotilla-${process.pid}`;
  const nspawn = [
    `--directory=${root}`,
    `--machine=${name}`,
    '--quiet',
    '--boot',
    '--register=no',
    '--keep-unit',
    '--link-journal=no',
    ...Object.entries(mounts).map(([inside, outside]) => `--bind-ro=${outside}:${inside}`),
  ];
  // systemd leaves its control groups behind.
  onCleanup(async () => {
    for (const groups of hierarchies) await removeGroups(join(groups, name));
  });
  // Mounts and processes belong to namespaces of their own: whatever ends the first process ends them all.
  const child = await startChild('/usr/bin/unshare', [
    ...['--mount', '--propagation=private', '--pid', '--mount-proc', '--fork', '--kill-child'],
    '/bin/sh',
    '-euc',
    `layer=$1 root=$2 name=$3; shift 3
     for groups in ${hierarchies.join(' ')}; do
       [ -e "$groups/cgroup.procs" ] || continue
       mkdir "$groups/$name"; echo $$ >"$groups/$name/cgroup.procs"
     done
     mount -t tmpfs tmpfs "$layer"; mkdir "$layer/upper" "$layer/work"
     mount -t overlay overlay -o "lowerdir=/,upperdir=$layer/upper,workdir=$layer/work" "$root"
     systemd-nspawn "$@" systemd.unit=basic.target`,
    'boot',
    layer,
    root,
    name,
    ...nspawn,
  ]);
  // It would not heed SIGTERM.
  onCleanup(() => child.kill());
  const leader = await waitFor(() => (child.exit() ? 'ended' : leaderBelow(child.pid)), {
    what: `systemd to be started:\n${child.lines.join('\n')}`,
  });
  if (leader === 'ended') throw new Error(`the machine did not start:\n${child.lines.join('\n')}`);
  const machine: Machine = {
    run: (command, ...args) => run(leader, command, args),
    write: (path, text, mode = 0o644) => {
      const target = join(`/proc/${leader}/root`, path);
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, text, { mode });
    },
    stop: () => child.kill(),
  };
  await waitFor(async () => (await machine.run('systemctl', 'is-active', 'basic.target')).trim() === 'active', {
    what: 'the machine to boot',
    deadlineMs: 60_000,
  });
  return machine;
}

/** Where the kernel has control groups: of version 2 alone, or of both. */
const hierarchies = ['/sys/fs/cgroup', '/sys/fs/cgroup/systemd', '/sys/fs/cgroup/unified'];

/** Removes a control group with those in it, once its last process is gone. */
async function removeGroups(path: string): Promise<void> {
  if (!existsSync(path)) return;
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.isDirectory()) await removeGroups(join(path, entry.name));
  }
  const remove = (): boolean => {
    try {
      rmdirSync(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EBUSY') throw error;
    }
    return !existsSync(path);
  };
  await waitFor(remove, { what: `the processes of ${path} to end` });
}

/** The machine's first process: unshare → shell → systemd-nspawn → systemd, each the only child. */
function leaderBelow(pid: number): string | undefined {
  let at = String(pid);
  for (let depth = 0; depth < 3; depth++) {
    const [child] = readFileSync(`/proc/${at}/task/${at}/children`, 'utf8').split(' ');
    if (!child) return undefined;
    at = child;
  }
  return readFileSync(`/proc/${at}/comm`, 'utf8').trim() === 'systemd' ? at : undefined;
}

function run(leader: string, command: string, args: readonly string[]): Promise<string> {
  const inside = ['--target', leader, '--mount', '--uts', '--ipc', '--pid', '--cgroup', '--', command, ...args];
  return new Promise((resolve, reject) => {
    execFile('/usr/bin/nsenter', inside, { maxBuffer: 2 ** 24 }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${[command, ...args].join(' ')}: ${stdout}${stderr}`, { cause: error }));
      else resolve(stdout);
    });
  });
}
