/** What somebody does on a node by hand: to HAProxy, through its socket, and to the agent's files. */
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { haproxyCommand, haproxyOf } from '@flotilla/testkit';
import { readyPods } from './cluster.ts';
import { hostOf } from './fleet-template.ts';
import { masterSocket, statsSocket } from './inspect.ts';
import { type Act, type Deed, type Kind, sleep } from './operation.ts';
import { type Node, signalAll } from './world.ts';

const onNode =
  (act: (node: Node, deed: Deed) => Promise<string | undefined> | string | undefined): Act =>
  async (deed) => {
    const node = deed.random.pick(deed.world.nodes) as Node;
    const said = await act(node, deed);
    return said && `${node.name}: ${said}`;
  };

/** A command that HAProxy cannot take now, as it is down or starts, is one that nobody could type. */
const say = (path: string, command: string): Promise<string> =>
  haproxyCommand(path, command, 3_000).catch((error: unknown) => String(error));

/** One of the servers that HAProxy should have now. */
function aServer({ random, world }: Deed, node: Node): { backend: string; server: string } | undefined {
  const services = world.cluster.content.fleets[node.fleet]?.services ?? {};
  const places = Object.entries(services).flatMap(([backend, entry]) =>
    typeof entry === 'string'
      ? []
      : readyPods(world.cluster.content, entry.selector.app).map(({ name }) => ({ backend, server: name })),
  );
  return random.pick(places);
}

const serverCommand = (command: (place: string, deed: Deed) => string): Act =>
  onNode(async (node, deed) => {
    const place = aServer(deed, node);
    if (!place) return undefined;
    const line = command(`${place.backend}/${place.server}`, deed);
    deed.traffic.excuse(node, { host: hostOf(place.backend), lasts: true })();
    await say(statsSocket(node), line);
    return line;
  });

const fileOperation = (act: (dataDir: string, deed: Deed) => string | undefined): Act =>
  onNode(({ dataDir }, deed) => act(dataDir, deed));

const remove = (path: string): string | undefined => {
  if (!existsSync(path)) return undefined;
  rmSync(path, { recursive: true, force: true });
  return `${path.split('/').slice(-2).join('/')} is removed`;
};

const config = (dataDir: string): string => join(dataDir, 'current/haproxy.cfg');
const edit = (file: string, change: (text: string) => string): string | undefined => {
  if (!existsSync(file)) return undefined;
  writeFileSync(file, change(readFileSync(file, 'utf8')));
  return `${file.split('/').slice(-1).join()} is edited`;
};

/** HAProxy ends or stands still: requests fail until it answers again. */
const downUntilBack = (act: (node: Node, deed: Deed) => Promise<string> | string): Act =>
  onNode(async (node, deed) => {
    const over = deed.traffic.excuse(node);
    const said = await act(node, deed);
    over();
    return said;
  });

export const nodeOperations: Record<string, Kind> = {
  'server is disabled by hand': { weight: 3, act: serverCommand((place) => `disable server ${place}`) },
  'server is drained by hand': { weight: 2, act: serverCommand((place) => `set server ${place} state drain`) },
  'weight is set by hand': {
    weight: 3,
    act: serverCommand((place, { random }) => `set server ${place} weight ${random.below(100)}`),
  },
  'address is set by hand': { weight: 2, act: serverCommand((place) => `set server ${place} addr 127.0.0.1 port 1`) },
  'server is deleted by hand': {
    weight: 2,
    act: serverCommand(
      (place) => `set server ${place} state maint; shutdown sessions server ${place}; del server ${place}`,
    ),
  },
  'server is added by hand': {
    weight: 2,
    act: onNode(async (node, { world, random, traffic }) => {
      const backend = random.pick(Object.keys(world.cluster.content.fleets[node.fleet]?.services ?? {}));
      const host = random.pick(world.pods)?.host;
      traffic.excuse(node, { host: hostOf(backend ?? ''), lasts: true })();
      const line = `add server ${backend}/stray ${host}:${world.podPort}; enable server ${backend}/stray`;
      await say(statsSocket(node), line);
      return line;
    }),
  },
  'certificate is set by hand': {
    weight: 3,
    act: onNode(async (node, { world, random }) => {
      const name = random.pick(Object.keys(world.cluster.content.fleets[node.fleet]?.certificates ?? {}));
      const pair = random.pick(world.certificates);
      const path = join(node.dataDir, `current/ssl/${name}`);
      const payload = `${pair?.key ?? ''}${pair?.cert ?? ''}`.replace(/\n+/g, '\n');
      await say(statsSocket(node), `set ssl cert ${path} <<\n${payload}\n`);
      if (random.chance(0.8)) await say(statsSocket(node), `commit ssl cert ${path}`);
      return `another certificate for ${name}`;
    }),
  },
  'reload by hand': {
    weight: 2,
    act: onNode(async (node) => {
      await say(masterSocket(node), 'reload');
      return 'reload';
    }),
  },
  'HAProxy is killed': {
    weight: 3,
    act: downUntilBack(({ dataDir }) => {
      signalAll(haproxyOf(dataDir), 'SIGKILL');
      return 'master and workers';
    }),
  },
  'worker is killed': {
    weight: 3,
    act: downUntilBack(({ dataDir }, { random }) => {
      const pids = haproxyOf(dataDir).sort((a, b) => a - b);
      // The master is the oldest of them.
      const pid = random.pick(pids.slice(1));
      if (pid !== undefined) signalAll([pid], 'SIGKILL');
      return 'one of its workers';
    }),
  },
  'HAProxy stands still for a while': {
    weight: 2,
    act: downUntilBack(async ({ dataDir }, { random }) => {
      const [pids, ms] = [haproxyOf(dataDir), random.below(5_000)];
      signalAll(pids, 'SIGSTOP');
      await sleep(ms);
      signalAll(pids, 'SIGCONT');
      return `${ms} ms`;
    }),
  },
  'haproxy.cfg is broken by hand': {
    weight: 2,
    act: fileOperation((dataDir) => edit(config(dataDir), (text) => `${text}\nbroken by hand\n`)),
  },
  'haproxy.cfg is edited in place': {
    weight: 2,
    act: fileOperation((dataDir) => edit(config(dataDir), (text) => text.replace(/weight (\d)/, 'weight 9'))),
  },
  'haproxy.cfg is removed': { weight: 1, act: fileOperation((dataDir) => remove(config(dataDir))) },
  'current is removed': { weight: 2, act: fileOperation((dataDir) => remove(join(dataDir, 'current'))) },
  'releases are removed': { weight: 1, act: fileOperation((dataDir) => remove(join(dataDir, 'releases'))) },
  'trees are removed': { weight: 1, act: fileOperation((dataDir) => remove(join(dataDir, 'trees'))) },
  'a file of a tree is removed': {
    weight: 2,
    act: fileOperation((dataDir, { random }) => {
      const file = aTreeFile(dataDir, random.next());
      return file && remove(file);
    }),
  },
  'a file of a tree is edited': {
    weight: 1,
    act: fileOperation((dataDir, { random }) => {
      const file = aTreeFile(dataDir, random.next());
      return file && edit(file, (text) => text.replace(/[a-z]/, 'x'));
    }),
  },
  'sockets are removed': { weight: 1, act: fileOperation((dataDir) => remove(join(dataDir, 'run/master.sock'))) },
};

function aTreeFile(dataDir: string, share: number): string | undefined {
  const trees = join(dataDir, 'trees');
  if (!existsSync(trees)) return undefined;
  const files = readdirSync(trees, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort();
  return files[Math.floor(share * files.length)];
}
