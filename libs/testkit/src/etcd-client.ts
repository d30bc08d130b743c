import { Pool } from 'undici';
import { onCleanup } from './cleanup.ts';

export interface EtcdNode {
  key: string;
  value?: string;
  dir?: boolean;
  nodes?: EtcdNode[];
  createdIndex: number;
  modifiedIndex: number;
}

export interface EtcdReply {
  action: string;
  node: EtcdNode;
  prevNode?: EtcdNode;
  /** `X-Etcd-Index`: the store's index when it answered. */
  index: number;
  clusterId: string;
}

/** etcd said no; `errorCode` is the v2 API's (100 key not found, 101 compare failed, 401 index outdated …). */
export class EtcdError extends Error {
  readonly errorCode: number;
  constructor(errorCode: number, message: string) {
    super(message);
    this.name = 'EtcdError';
    this.errorCode = errorCode;
  }
}

type Value = string | object;
type Params = Record<string, string | number | boolean | undefined>;

/** A small client of etcd's v2 API. Keys are given as `/registry/…`; a value that is an object is stored as JSON. */
export class EtcdClient {
  readonly #pool: Pool;
  readonly #forget: () => void;

  constructor(url: string, { connections = 32 } = {}) {
    this.#pool = new Pool(url, { connections });
    this.#forget = onCleanup(() => this.#pool.destroy());
  }

  /** Sets a key whatever it held. */
  put(key: string, value: Value): Promise<EtcdReply> {
    return this.#send('PUT', key, {}, { value: text(value) });
  }

  /** Creates a key; fails when it exists. */
  create(key: string, value: Value, { ttlSeconds }: { ttlSeconds?: number } = {}): Promise<EtcdReply> {
    return this.#send('PUT', key, { prevExist: false }, { value: text(value), ttl: ttlSeconds });
  }

  get(key: string, { recursive = false } = {}): Promise<EtcdReply> {
    return this.#send('GET', key, { recursive: recursive || undefined, quorum: true });
  }

  del(key: string, { recursive = false, dir = false } = {}): Promise<EtcdReply> {
    return this.#send('DELETE', key, { recursive: recursive || undefined, dir: dir || undefined });
  }

  /** Sets a key when its `modifiedIndex` or its value is still the given one, as Kubernetes does on nearly every write. */
  compareAndSwap(key: string, value: Value, previous: { index: number } | { value: Value }): Promise<EtcdReply> {
    return this.#send('PUT', key, condition(previous), { value: text(value) });
  }

  compareAndDelete(key: string, previous: { index: number } | { value: Value }): Promise<EtcdReply> {
    return this.#send('DELETE', key, condition(previous));
  }

  async close(): Promise<void> {
    this.#forget();
    await this.#pool.destroy();
  }

  async #send(method: 'GET' | 'PUT' | 'DELETE', key: string, query: Params, form?: Params): Promise<EtcdReply> {
    const reply = await this.#pool.request({
      method,
      path: `/v2/keys${key.split('/').map(encodeURIComponent).join('/')}?${encode(query)}`,
      headersTimeout: 20_000,
      ...(form && { body: encode(form), headers: { 'content-type': 'application/x-www-form-urlencoded' } }),
    });
    const body = (await reply.body.json()) as EtcdReply & { errorCode?: number; message?: string; cause?: string };
    if (body.errorCode !== undefined) {
      throw new EtcdError(
        body.errorCode,
        `etcd ${method} ${key}: ${body.message} (${body.cause}), code ${body.errorCode}`,
      );
    }
    return {
      ...body,
      index: Number(reply.headers['x-etcd-index']),
      clusterId: String(reply.headers['x-etcd-cluster-id']),
    };
  }
}

function text(value: Value): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function condition(previous: { index: number } | { value: Value }): Params {
  return 'index' in previous ? { prevIndex: previous.index } : { prevValue: text(previous.value) };
}

function encode(params: Params): string {
  const pairs = Object.entries(params).filter(([, value]) => value !== undefined);
  return new URLSearchParams(pairs.map(([name, value]): [string, string] => [name, String(value)])).toString();
}
