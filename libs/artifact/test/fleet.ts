import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import {
  type BundleFile,
  type Epoch,
  createSealer,
  fleetKeys,
  fleetName,
  newEpoch,
  revision,
  bundleFile,
} from '@flotilla/domain';
import {
  type Artifact,
  type FollowOptions,
  type FollowStatus,
  createArtifactReader,
  createCheckedVersions,
  createPublisher,
  followArtifacts,
} from '../src/index.ts';

export const fleet = fleetName('lb');
export const keys = fleetKeys(fleet);
export const sealer = createSealer(randomBytes(32), fleet);

interface Server {
  readonly url: string;
}

const releases: (() => unknown)[] = [];

/** Ends what a test opened here. */
export async function release(): Promise<void> {
  for (const one of releases.splice(0).reverse()) await one();
}

/** The meta that a watcher would have left, and a connection. */
export async function openFleet<S extends Server>(server: S) {
  const redis = connect(server);
  const life = await beginLife(redis);
  const publisher = (keepVersions = 10) => createPublisher({ redis, fleet, sealer, keepVersions });
  const checked = (by = publisher()) => createCheckedVersions({ redis, fleet, sealer, publisher: by });
  return { server, redis, life, publisher, checked, reader: createArtifactReader({ redis, fleet, sealer }) };
}

export function connect({ url }: Server): Redis {
  const redis = new Redis(url, { maxRetriesPerRequest: null, retryStrategy: () => 50, blockingTimeout: 3_000 });
  redis.on('error', () => undefined);
  releases.push(() => {
    redis.disconnect();
  });
  return redis;
}

export async function beginLife(redis: Redis): Promise<Epoch> {
  const life = newEpoch([(await redis.hget(keys.meta, 'epoch')) ?? '']);
  await redis.hset(keys.meta, 'epoch', life, 'revision', 1);
  return life;
}

export const bundle = (files: Record<string, string>): BundleFile[] =>
  Object.entries(files).map(([path, text]) => bundleFile(path, Buffer.from(text)));

export const publication = (life: Epoch, count: number, files: Record<string, string>) => ({
  epoch: life,
  revision: revision(count),
  files: bundle(files),
  isChecked: true,
});

export const texts = (artifact: { files: ReadonlyMap<string, Buffer> }): Record<string, string> =>
  Object.fromEntries([...artifact.files].map(([path, content]) => [path, content.toString()]));

/** Follows in the background and keeps what was yielded. */
export function follow(server: Server, options: Partial<FollowOptions> = {}) {
  const end = new AbortController();
  const seen: Artifact[] = [];
  const problems: (string | undefined)[] = [];
  const statuses: FollowStatus[] = [];
  const done = (async () => {
    const all = followArtifacts({
      redis: connect(server),
      blockingRedis: connect(server),
      fleet,
      sealer,
      signal: end.signal,
      pollMs: 200,
      onStatus: (status) => {
        statuses.push(status);
        problems.push(status.problem);
      },
      ...options,
    });
    for await (const artifact of all) seen.push(artifact);
  })();
  const stop = async () => {
    end.abort();
    await done;
  };
  releases.push(stop);
  return { seen, problems, statuses, stop, last: () => seen.at(-1) };
}
