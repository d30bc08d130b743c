import { setTimeout as sleep } from 'node:timers/promises';
import { backoffMs } from '@flotilla/runtime';
import { type Source, type SourceEvent, type SourceStatus, reasonOf } from '@flotilla/domain';
import { abortScope } from './abort.ts';
import { Etcd2Error } from './errors.ts';
import { type Etcd2Options, type Etcd2Settings, settingsOf } from './options.ts';
import { comesBefore, positionAt } from './position.ts';
import { Progress } from './progress.ts';
import { runSession } from './session.ts';

/** A session that lived this long was a good one: the next attempt does not wait. */
const stableMs = 5_000;

export interface Etcd2Status extends SourceStatus {
  /** Events received from etcd. */
  readonly events: number;
  /** Sessions and streams that were lost. */
  readonly reconnects: number;
  /** The endpoint in use, without credentials. */
  readonly endpoint: string;
}

export interface Etcd2Source extends Source {
  readonly status: Etcd2Status;
}

/**
 * Kubernetes objects from etcd's v2 API. Throws at once when the options cannot be used; whatever fails later is
 * retried on one endpoint after the other, with backoff, and told through `status` and `onEvent`.
 *
 * One `follow` at a time; each begins with a state.
 */
export function createEtcd2Source(options: Etcd2Options): Etcd2Source {
  return new EtcdFollower(settingsOf(options));
}

class EtcdFollower implements Etcd2Source {
  readonly comesBefore = comesBefore;
  readonly #settings: Etcd2Settings;
  readonly #progress: Progress;
  #problem: string | undefined;
  #reconnects = 0;
  #endpoint = 0;
  #following = false;

  constructor(settings: Etcd2Settings) {
    this.#settings = {
      ...settings,
      tell: (event) => {
        if (event.kind === 'interrupted') this.#interrupted(event.reason);
        settings.tell(event);
      },
    };
    this.#progress = new Progress(this.#settings);
  }

  get status(): Etcd2Status {
    const { synced, newest, resyncs, events } = this.#progress;
    return {
      synced,
      problem: synced ? undefined : this.#problem,
      position: positionAt(newest),
      resyncs,
      events,
      reconnects: this.#reconnects,
      endpoint: this.#current.name,
    };
  }

  async *follow(signal: AbortSignal): AsyncGenerator<SourceEvent, void, undefined> {
    if (this.#following) throw new TypeError('this source is being followed already');
    this.#following = true;
    this.#progress.begin();
    const scope = abortScope(signal);
    // A failure of the loop itself is a bug; it ends the iteration with that error.
    const running = this.#run(scope.signal).finally(scope.end);
    running.catch(() => undefined);
    try {
      for (;;) {
        const event = await this.#progress.outbox.take(scope.signal);
        if (!event) break;
        yield event;
      }
      await running;
    } finally {
      scope.end();
      await running.catch(() => undefined);
      this.#following = false;
    }
  }

  /** Session after session. */
  async #run(signal: AbortSignal): Promise<void> {
    const { endpoints, tell, maxBackoffMs } = this.#settings;
    for (let failures = 0; !signal.aborted;) {
      const endpoint = this.#current;
      const began = performance.now();
      const error = await this.#session(signal);
      if (signal.aborted) return;
      this.#reconnects++;
      this.#problem = error.message;
      failures = performance.now() - began > stableMs ? 1 : failures + 1;
      if (error.code === 'etcd2-diverged') {
        tell({ kind: 'diverged', endpoint: endpoint.name, reason: error.message });
        this.#progress.forget();
      } else {
        this.#endpoint = (this.#endpoint + 1) % endpoints.length;
      }
      // Every endpoint is tried once before the first pause.
      const retryMs = backoffMs(Math.floor(failures / endpoints.length), { maxMs: maxBackoffMs });
      tell({ kind: 'lost', endpoint: endpoint.name, code: error.code, reason: error.message, failures, retryMs });
      await sleep(retryMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async #session(signal: AbortSignal): Promise<Etcd2Error> {
    try {
      return await runSession(this.#current, this.#settings, this.#progress, signal);
    } catch (error) {
      if (error instanceof Etcd2Error) return error;
      if (signal.aborted) return new Etcd2Error('etcd2-unreachable', reasonOf(error));
      throw error;
    }
  }

  #interrupted(reason: string): void {
    this.#reconnects++;
    this.#problem = `a stream of etcd ${this.#current.name} was interrupted: ${reason}`;
  }

  get #current() {
    const endpoint = this.#settings.endpoints[this.#endpoint];
    if (!endpoint) throw new TypeError('no endpoint');
    return endpoint;
  }
}
