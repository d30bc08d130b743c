import type { SourceEvent } from '@flotilla/domain';
import { type EtcdClient, type EtcdNode, onCleanup, waitFor } from '@flotilla/testkit';
import { type Etcd2Event, type Etcd2Options, type Etcd2Source, createEtcd2Source } from '../src/index.ts';
import { fold } from './fold.ts';

export interface Follower {
  readonly source: Etcd2Source;
  /** What the consumer holds: path → text. */
  readonly objects: ReadonlyMap<string, string>;
  /** What the source yielded. */
  readonly yielded: SourceEvent[];
  /** What it told its log. */
  readonly told: Etcd2Event[];
  /** Events of one kind that were told so far. */
  tales<K extends Etcd2Event['kind']>(kind: K): Extract<Etcd2Event, { kind: K }>[];
  synced(): Promise<unknown>;
  /** Waits until the consumer holds exactly what the store holds. */
  agreesWith(client: EtcdClient, deadlineMs?: number): Promise<void>;
  stop(): Promise<void>;
}

export interface FollowerOptions extends Partial<Etcd2Options> {
  endpoints: string | string[];
  /** What the consumer does with each event, before it asks for the next. */
  busy?: (event: SourceEvent) => Promise<void>;
}

const quick = {
  resources: ['pods', 'configmaps', 'secrets'],
  requestTimeoutMs: 2_000,
  probeIntervalMs: 200,
  stallGraceMs: 150,
  maxBackoffMs: 200,
};

/** A consumer that folds what an etcd2 source yields, as the port says. Its waits are short. */
export function follow({ busy, ...options }: FollowerOptions): Follower {
  const told: Etcd2Event[] = [];
  const objects = new Map<string, string>();
  const yielded: SourceEvent[] = [];
  const source = createEtcd2Source({ ...quick, onEvent: (event) => told.push(event), ...options });
  const controller = new AbortController();
  const running = (async () => {
    for await (const event of source.follow(controller.signal)) {
      fold(objects, event);
      yielded.push(event);
      await busy?.(event);
    }
  })();
  running.catch(() => undefined);
  const stop = () => {
    controller.abort();
    return running;
  };
  onCleanup(stop);
  return {
    source,
    objects,
    yielded,
    told,
    tales: (kind) => told.filter((event) => event.kind === kind) as never,
    synced: () => waitFor(() => source.status.synced && yielded.length > 0, { what: 'the source to be synced' }),
    agreesWith: async (client, deadlineMs = 20_000) => {
      await waitFor(
        async () => {
          const difference = differenceOf(objects, await stored(client));
          if (difference) throw new Error(difference);
          return true;
        },
        { what: 'the consumer to agree with etcd', deadlineMs },
      );
    },
    stop,
  };
}

async function stored(client: EtcdClient): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const collect = (node: EtcdNode) => {
    if (node.value !== undefined) found.set(node.key.replace('/registry/', ''), node.value);
    node.nodes?.forEach(collect);
  };
  for (const resource of ['pods', 'configmaps', 'secrets']) {
    try {
      collect((await client.get(`/registry/${resource}`, { recursive: true })).node);
    } catch (error) {
      if ((error as { errorCode?: number }).errorCode !== 100) throw error;
    }
  }
  return found;
}

function differenceOf(have: ReadonlyMap<string, string>, want: ReadonlyMap<string, string>): string | undefined {
  const wrong = [...want].filter(([path, text]) => have.get(path) !== text).map(([path]) => path);
  const extra = [...have.keys()].filter((path) => !want.has(path));
  if (wrong.length + extra.length === 0) return undefined;
  return `${wrong.length} missing or old (${wrong.slice(0, 3).join(' ')}), ${extra.length} too many (${extra.slice(0, 3).join(' ')})`;
}
