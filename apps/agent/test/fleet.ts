import { randomBytes, randomUUID } from 'node:crypto';
import { createPublisher } from '@flotilla/artifact';
import { type PendingWish, createNodeReports, createNodeWishes } from '@flotilla/runtime';
import {
  type Answer,
  type Manifest,
  type WishKind,
  createSealer,
  epoch,
  fleetKeys,
  fleetName,
  revision,
  bundleFile,
} from '@flotilla/domain';
import { type RedisServer, onCleanup, startRedis, waitFor } from '@flotilla/testkit';
import { Redis } from 'ioredis';

const fleet = fleetName('lb');

/** A Redis with a fleet in it, and what a renderer and an operator do with it. */
export interface Fleet {
  readonly server: RedisServer;
  readonly key: string;
  /** Publishes the next version. */
  publish(files: Readonly<Record<string, string>>): Promise<Manifest>;
  /** The node's answers, oldest first. */
  answers(): Promise<Answer[]>;
  /** Waits for the node's answer to a version. */
  answerTo(manifest: Manifest): Promise<Answer>;
  /** What an operator asks of the node that reports now. */
  ask(kind: WishKind): Promise<PendingWish>;
  readonly redis: Redis;
  /** What the node says of itself. */
  status(): ReturnType<ReturnType<typeof createNodeReports>['nodes']>;
}

export async function startFleet(): Promise<Fleet> {
  const server = await startRedis();
  const redis = new Redis(server.url, { maxRetriesPerRequest: null, retryStrategy: () => 50 });
  redis.on('error', () => undefined);
  onCleanup(() => {
    redis.disconnect();
  });
  const key = randomBytes(32);
  const life = epoch(randomUUID());
  let count = 1;
  await redis.hset(fleetKeys(fleet).meta, 'epoch', life, 'revision', 1_000_000);
  const publisher = createPublisher({ redis, fleet, sealer: createSealer(key, fleet), keepVersions: 10 });
  const reports = createNodeReports({ redis, fleet });
  const answers = async () => (await reports.answers()).reverse();

  return {
    server,
    key: key.toString('base64'),
    answers,
    status: () => reports.nodes(),
    redis,
    async ask(kind) {
      const [status] = await reports.nodes();
      if (!status) throw new Error('no node has reported');
      const wishes = createNodeWishes({ redis, fleet, sealer: createSealer(key, fleet) });
      return wishes.ask({ node: status.node, instance: status.instance.id }, kind);
    },
    async publish(files) {
      const bundle = Object.entries(files).map(([path, text]) => bundleFile(path, Buffer.from(text)));
      const number = revision(count++);
      const outcome = await publisher.publish({
        epoch: life,
        revision: number,
        files: bundle,
        isChecked: true,
      });
      if (outcome.kind !== 'published') throw new Error(`not published: ${outcome.kind}`);
      return outcome.manifest;
    },
    answerTo: ({ version, digest }) =>
      waitFor(
        async () =>
          (await answers()).find(({ artifact }) => artifact.version === version && artifact.digest === digest),
        { what: `an answer to version ${version}`, deadlineMs: 20_000, everyMs: 5 },
      ),
  };
}
