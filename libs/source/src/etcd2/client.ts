import { StringDecoder } from 'node:string_decoder';
import { Pool, type Dispatcher } from 'undici';
import { reasonOf } from '@flotilla/domain';
import type { Etcd2Endpoint } from './endpoint.ts';
import { Etcd2Error } from './errors.ts';
import { lineSplitter } from './lines.ts';
import type { Etcd2Settings } from './options.ts';
import { type EtcdEvent, type EtcdNode, errorCodes, parseEvent, parseFailure, parseListing } from './wire.ts';

/** What every answer's headers say about the store. */
export interface StoreMark {
  /** `X-Etcd-Index`: the index of the whole store. */
  readonly index: number;
  readonly clusterId: string;
}

export interface EventStream extends StoreMark {
  /** Settles when the stream is over, with the reason; never rejects. */
  readonly ended: Promise<string>;
}

export interface Listing extends StoreMark {
  readonly nodes: readonly EtcdNode[];
}

export type PollAnswer =
  | { readonly kind: 'event'; readonly event: EtcdEvent }
  /** etcd closed the answer without an event: ask again. */
  | { readonly kind: 'empty' }
  /** The history no longer reaches back to the index. */
  | { readonly kind: 'outdated' };

/** Reads one endpoint over connections of its own. Every call throws `Etcd2Error`, or the signal's reason on abort. */
export interface Etcd2Client {
  /** Events from now on; `mark.index` is the index at registration. `onEvent` is called as they arrive. */
  watch(subtree: string, onEvent: (event: EtcdEvent) => void, signal: AbortSignal): Promise<EventStream>;
  /**
   * The first event at or after `waitIndex`; waits for as long as there is none. `onOpen` is called when etcd has
   * taken the request; an event of the history follows right behind.
   */
  poll(subtree: string, waitIndex: number, signal: AbortSignal, onOpen?: () => void): Promise<PollAnswer>;
  /** The whole subtree as the cluster's majority has it; a missing one is empty. */
  list(subtree: string, signal: AbortSignal): Promise<Listing>;
  /** Where the store stands, as the cluster's majority has it; costs one small read. */
  mark(signal: AbortSignal): Promise<StoreMark>;
  /** Ends every connection and call. */
  close(): Promise<void>;
}

// No namespace can have this name, so the read finds nothing and stays small; it needs no right beyond the subtree's.
const nothing = '_';

export function connectEtcd2(endpoint: Etcd2Endpoint, settings: Etcd2Settings): Etcd2Client {
  const { requestTimeoutMs } = settings;
  const pool = new Pool(endpoint.origin, {
    headersTimeout: requestTimeoutMs,
    // The kernel probes a silent connection, so that a peer that vanished is noticed within about 15 s.
    connect: { ...settings.tls, timeout: requestTimeoutMs, keepAlive: true, keepAliveInitialDelay: 5_000 },
  });
  const headers = endpoint.authorization === undefined ? {} : { authorization: endpoint.authorization };

  const get = async (subtree: string, query: string, bodyTimeout: number, signal: AbortSignal) => {
    const keys = `${settings.prefix}/${subtree}`.split('/').map(encodeURIComponent).join('/');
    const path = `${endpoint.basePath}/v2/keys${keys}?${query}`;
    try {
      return await pool.request({ method: 'GET', path, headers, bodyTimeout, signal });
    } catch (error) {
      throw unreachable(endpoint, error, signal);
    }
  };
  const textOf = async ({ body }: Dispatcher.ResponseData, signal: AbortSignal): Promise<string> => {
    try {
      return await body.text();
    } catch (error) {
      throw unreachable(endpoint, error, signal);
    }
  };

  const markOf = ({ headers }: Dispatcher.ResponseData): StoreMark => {
    const index = Number(headers['x-etcd-index']);
    if (!Number.isSafeInteger(index)) {
      throw new Etcd2Error('etcd2-answer', `${endpoint.name} answers without X-Etcd-Index: it is not etcd's v2 API`);
    }
    return { index, clusterId: String(headers['x-etcd-cluster-id'] ?? '') };
  };

  const checked = async (answer: Dispatcher.ResponseData, signal: AbortSignal): Promise<Dispatcher.ResponseData> => {
    if (answer.statusCode !== 200) throw refusal(endpoint, answer.statusCode, await textOf(answer, signal));
    return answer;
  };

  return {
    async watch(subtree, onEvent, signal) {
      const answer = await checked(await get(subtree, 'wait=true&recursive=true&stream=true', 0, signal), signal);
      // Reading starts in the same turn: nothing waits in the socket.
      const ended = readStream(answer.body, onEvent);
      return { ...markOf(answer), ended };
    },

    async poll(subtree, waitIndex, signal, onOpen) {
      const answer = await get(subtree, `wait=true&recursive=true&waitIndex=${waitIndex}`, 0, signal);
      onOpen?.();
      const text = await textOf(answer, signal);
      if (answer.statusCode === 400 && parseFailure(text)?.errorCode === errorCodes.outdated)
        return { kind: 'outdated' };
      if (answer.statusCode !== 200) throw refusal(endpoint, answer.statusCode, text);
      return text.trim() === '' ? { kind: 'empty' } : { kind: 'event', event: parseEvent(text) };
    },

    async list(subtree, signal) {
      const answer = await get(subtree, 'recursive=true&quorum=true', requestTimeoutMs, signal);
      const text = await textOf(answer, signal);
      if (isMissing(answer.statusCode, text)) return { ...markOf(answer), nodes: [] };
      if (answer.statusCode !== 200) throw refusal(endpoint, answer.statusCode, text);
      return { ...markOf(answer), nodes: parseListing(text) };
    },

    async mark(signal) {
      const answer = await get(`${settings.resources[0] ?? ''}/${nothing}`, 'quorum=true', requestTimeoutMs, signal);
      const text = await textOf(answer, signal);
      if (answer.statusCode !== 200 && !isMissing(answer.statusCode, text)) {
        throw refusal(endpoint, answer.statusCode, text);
      }
      return markOf(answer);
    },

    close: () => pool.destroy(),
  };
}

function readStream(body: Dispatcher.ResponseData['body'], onEvent: (event: EtcdEvent) => void): Promise<string> {
  return new Promise((resolve) => {
    const split = lineSplitter((line) => {
      onEvent(parseEvent(line));
    });
    // undici's body hands out bytes whatever setEncoding() says; a chunk may end inside a character.
    const utf8 = new StringDecoder('utf8');
    body.on('data', (chunk: Buffer) => {
      try {
        split(utf8.write(chunk));
      } catch (error) {
        body.destroy(error instanceof Error ? error : new Error(String(error)));
      }
    });
    body.on('error', (error: Error) => {
      resolve(error.message);
    });
    // etcd ends a stream without a word when its buffer of 100 events for this watcher was full.
    body.on('end', () => {
      resolve('etcd ended the stream');
    });
    body.on('close', () => {
      resolve('the stream was closed');
    });
  });
}

const isMissing = (status: number, text: string): boolean =>
  status === 404 && parseFailure(text)?.errorCode === errorCodes.keyNotFound;

function refusal(endpoint: Etcd2Endpoint, status: number, text: string): Etcd2Error {
  const failure = parseFailure(text);
  const data = { endpoint: endpoint.name, status, ...(failure && { errorCode: failure.errorCode }) };
  if (status === 401 || failure?.errorCode === errorCodes.unauthorized) {
    const message = `etcd ${endpoint.name} refuses the user name or password, or the user may not read this subtree`;
    return new Etcd2Error('etcd2-unauthorized', `${message}: check the credentials in ETCD2BASE`, { data });
  }
  if (!failure) {
    const message = `${endpoint.name} answers with HTTP status ${status} and no error of etcd's v2 API`;
    return new Etcd2Error('etcd2-answer', `${message}: is the v2 API on (--enable-v2=true)?`, { data });
  }
  const message = `etcd ${endpoint.name} answers with error ${failure.errorCode}: ${failure.message}`;
  return new Etcd2Error('etcd2-refused', message, { data });
}

function unreachable(endpoint: Etcd2Endpoint, error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  const message = `etcd ${endpoint.name} cannot be reached: ${reasonOf(error)}`;
  return new Etcd2Error('etcd2-unreachable', message, { cause: error, data: { endpoint: endpoint.name } });
}
