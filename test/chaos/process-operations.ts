/** Programs of Flotilla and their servers: killed, stopped, frozen, cut off, set back. None of it may cost a request. */
import type { App, TcpProxy } from '@flotilla/testkit';
import { type Deed, type Kind, sleep } from './operation.ts';
import { type Part, type Server, type World, keepCopy, setBack } from './world.ts';

const livePart = ({ world, random }: Deed): Part | undefined => random.pick(world.parts().filter(({ isUp }) => isUp));
const liveServer = ({ world, random }: Deed): Server | undefined =>
  random.pick([world.servers.redis, world.servers.etcd].filter(({ isUp }) => isUp));

const linkOf = ({ world, random }: Deed): [string, TcpProxy] => {
  const links = world
    .parts()
    .flatMap(({ name, links: { redis, etcd } }): [string, TcpProxy][] => [
      [`${name} to redis`, redis],
      ...(etcd ? [[`${name} to etcd`, etcd] as [string, TcpProxy]] : []),
    ]);
  return random.pick(links) as [string, TcpProxy];
};

const end = async (part: Part, how: (app: App) => Promise<unknown>): Promise<void> => {
  part.isUp = false;
  await how(part.app);
};

const linkFault =
  (what: 'cut' | 'reset' | 'freeze'): Kind['act'] =>
  (deed) => {
    const [name, link] = linkOf(deed);
    link[what]();
    return name;
  };

/** Only its process stands still: what it holds open stays open. */
async function freezeServer(server: Server, ms: number): Promise<void> {
  server.isUp = false;
  await server.process.kill('SIGSTOP');
  await sleep(ms);
  await server.process.kill('SIGCONT');
  server.isUp = true;
}

async function startServer(server: Server, options: { wipe?: boolean; newCluster?: boolean } = {}): Promise<void> {
  await server.process.restart(options);
  server.isUp = true;
}

export const processOperations: Record<string, Kind> = {
  'program is killed': {
    weight: 8,
    act: async (deed) => {
      const part = livePart(deed);
      if (part) await end(part, (app) => app.kill('SIGKILL'));
      return part?.name;
    },
  },
  'program is stopped': {
    weight: 3,
    act: async (deed) => {
      const part = livePart(deed);
      // As systemd does: one that is frozen hears it when it is thawed.
      const stop = async (app: App) => {
        await app.kill('SIGTERM');
        await app.kill('SIGCONT');
        await app.exited;
      };
      if (part) await end(part, stop);
      return part?.name;
    },
  },
  'program is killed and started': {
    weight: 6,
    act: async (deed) => {
      const part = livePart(deed);
      if (!part) return undefined;
      await end(part, (app) => app.kill('SIGKILL'));
      await part.start();
      return part.name;
    },
  },
  'program starts': {
    weight: 6,
    act: async ({ world, random }) => {
      const part = random.pick(world.parts().filter(({ isUp }) => !isUp));
      await part?.start();
      return part?.name;
    },
  },
  'program is frozen for a while': {
    weight: 5,
    act: async (deed) => {
      const part = livePart(deed);
      if (!part) return undefined;
      const ms = deed.random.below(6_000);
      await part.app.kill('SIGSTOP');
      await sleep(ms);
      await part.app.kill('SIGCONT');
      return `${part.name} for ${ms} ms`;
    },
  },
  'program is frozen': {
    weight: 3,
    act: async (deed) => {
      const part = livePart(deed);
      await part?.app.kill('SIGSTOP');
      return part?.name;
    },
  },
  'program is thawed': {
    weight: 4,
    act: async ({ world }) => {
      for (const { app, isUp } of world.parts()) if (isUp) await app.kill('SIGCONT');
      return 'all';
    },
  },
  'connection is cut': { weight: 5, act: linkFault('cut') },
  'connections are reset': { weight: 5, act: linkFault('reset') },
  'connections are half-open': { weight: 4, act: linkFault('freeze') },
  'connections are opened': {
    weight: 4,
    act: ({ world }) => {
      openLinks(world);
      return 'all';
    },
  },
  'server is killed': {
    weight: 2,
    act: async (deed) => {
      const server = liveServer(deed);
      if (!server) return undefined;
      server.isUp = false;
      await server.process.kill('SIGKILL');
      return server.name;
    },
  },
  'server is killed and started': {
    weight: 4,
    act: async (deed) => {
      const server = liveServer(deed);
      if (server) await startServer(server);
      return server?.name;
    },
  },
  'server is frozen for a while': {
    weight: 3,
    act: async (deed) => {
      const server = liveServer(deed);
      const ms = deed.random.below(5_000);
      if (server) await freezeServer(server, ms);
      return server && `${server.name} for ${ms} ms`;
    },
  },
  'redis loses its data': {
    weight: 2,
    act: async ({ world }) => {
      await startServer(world.servers.redis, { wipe: true });
      return 'it is empty';
    },
  },
  'redis is set back': {
    weight: 2,
    act: async ({ world, random }) => {
      const done = await setBack(world.servers.redis, random.below(3));
      return done && 'to a copy of its data';
    },
  },
  'data is copied': {
    weight: 3,
    act: async ({ world }) => {
      for (const server of [world.servers.redis, world.servers.etcd]) await keepCopy(server, world.cluster.content);
      return 'of redis and etcd';
    },
  },
  'etcd loses its data': {
    weight: 1,
    act: async ({ world, random }) => {
      const newCluster = random.chance(0.5);
      await startServer(world.servers.etcd, { wipe: true, newCluster });
      await sleep(random.below(3_000));
      if (random.chance(0.5)) await world.cluster.refill(random);
      return `it is empty${newCluster ? ', with another id' : ''}`;
    },
  },
  'etcd is set back': {
    weight: 2,
    act: async ({ world, random }) => {
      const content = await setBack(world.servers.etcd, random.below(3));
      if (!content) return undefined;
      world.cluster.adopt(content);
      return 'to a copy of its data';
    },
  },
};

export function openLinks(world: World): void {
  for (const { links } of world.parts()) {
    links.redis.pass();
    links.etcd?.pass();
  }
}

/** Everything runs and is connected again. What is half-open stays so: the programs have to notice. */
export async function heal(world: World): Promise<void> {
  openLinks(world);
  for (const server of [world.servers.redis, world.servers.etcd]) {
    if (!server.isUp) await startServer(server);
  }
  for (const part of world.parts()) {
    if (part.isUp) await part.app.kill('SIGCONT');
    else await part.start();
  }
}
