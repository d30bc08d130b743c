import { randomBytes, randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { type BundleFile, type Epoch, createSealer, epoch, fleetKeys, fleetName, revision } from '@flotilla/domain';
import { type RedisServer, onCleanup, startRedis } from '@flotilla/testkit';
import {
  type Artifact,
  type FollowOptions,
  createArtifactReader,
  createPublisher,
  followArtifacts,
} from '../src/index.ts';

export const fleet = fleetName('lb');
export const keys = fleetKeys(fleet);
export const sealer = createSealer(randomBytes(32), fleet);

/** A Redis with the meta a watcher would have left, and connections that close with the test. */
export async function startFleet(options: { persist?: boolean } = {}) {
  const server = await startRedis(options);
  const redis = connect(server);
  const life = await beginLife(redis);
  const publisher = (keepVersions = 10) => createPublisher({ redis, fleet, sealer, keepVersions });
  return { server, redis, life, publisher, reader: createArtifactReader({ redis, fleet, sealer }) };
}

export function connect(server: RedisServer): Redis {
  const redis = new Redis(server.url, {
    maxRetriesPerRequest: null,
    retryStrategy: () => 50,
    blockingTimeout: 3_000,
  });
  redis.on('error', () => undefined);
  onCleanup(() => {
    redis.disconnect();
  });
  return redis;
}

export async function beginLife(redis: Redis): Promise<Epoch> {
  const life = epoch(randomUUID());
  await redis.hset(keys.meta, 'epoch', life, 'revision', 1);
  return life;
}

export const bundle = (files: Record<string, string>): BundleFile[] =>
  Object.entries(files).map(([path, text]) => ({ path, content: Buffer.from(text) }));

export const publication = (life: Epoch, count: number, files: Record<string, string>) => ({
  epoch: life,
  revision: revision(count),
  index: count,
  files: bundle(files),
});

export const texts = (artifact: { files: ReadonlyMap<string, Buffer> }): Record<string, string> =>
  Object.fromEntries([...artifact.files].map(([path, content]) => [path, content.toString()]));

/** Follows in the background and keeps what was yielded. */
export function follow(server: RedisServer, options: Partial<FollowOptions> = {}) {
  const end = new AbortController();
  const seen: Artifact[] = [];
  const problems: (string | undefined)[] = [];
  const done = (async () => {
    const all = followArtifacts({
      redis: connect(server),
      blockingRedis: connect(server),
      fleet,
      sealer,
      signal: end.signal,
      pollMs: 200,
      onStatus: ({ problem }) => problems.push(problem),
      ...options,
    });
    for await (const artifact of all) seen.push(artifact);
  })();
  const stop = async () => {
    end.abort();
    await done;
  };
  onCleanup(stop);
  return { seen, problems, stop, last: () => seen.at(-1) };
}
