import { removalEnd } from '../plan/commands.ts';
import type { LeavingServer, LeavingServers, RemoveServer } from '../plan/operation.ts';
import { isAccepted } from './answers.ts';
import { parseServerConnections } from './server-state.ts';
import type { RuntimeSocket } from './socket.ts';

export interface PendingRemovalsOptions {
  /** How long connections of a server that leaves may go on; then they are ended. Default 300,000 ms. */
  readonly deadlineMs?: number;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

export type SweepOutcome =
  | { readonly kind: 'deleted'; readonly backend: string; readonly server: string; readonly afterMs: number }
  /** Connections go on; HAProxy is asked again at the next sweep. */
  | { readonly kind: 'waiting'; readonly backend: string; readonly server: string; readonly connections: number }
  /** HAProxy does not let it go: something else of its configuration names it. A reload gets rid of it. */
  | { readonly kind: 'stuck'; readonly backend: string; readonly server: string; readonly reply: string };

interface Pending {
  readonly leaving: LeavingServer;
  readonly since: number;
}

const stillConnected = /^Server still has connections attached to it/;
const gone = /^No such server\.|^No such backend\.|^Can't find backend\./;

/**
 * Servers that left the configuration and still run in HAProxy.
 *
 * A server comes here when it was put into drain or maintenance (`begin`). Each sweep looks whether its connections have
 * ended; then, or after the deadline, it is put into maintenance and deleted. When the next configuration wants it again
 * before that, the plan takes it back (`cancel`). A reload forgets them all, because the new worker never knew
 * them (`clear`).
 *
 * Plans and sweeps take turns (`exclusive`), so that none deletes what the other takes back.
 */
export class PendingRemovals implements LeavingServers {
  readonly #pending = new Map<string, Pending>();
  readonly #deadlineMs: number;
  readonly #now: () => number;
  #turn: Promise<unknown> = Promise.resolve();

  constructor({ deadlineMs = 300_000, now = () => performance.now() }: PendingRemovalsOptions = {}) {
    this.#deadlineMs = deadlineMs;
    this.#now = now;
  }

  get(backend: string, server: string): LeavingServer | undefined {
    return this.#pending.get(`${backend}/${server}`)?.leaving;
  }

  get size(): number {
    return this.#pending.size;
  }

  begin({ kind: _kind, via: _via, ...leaving }: RemoveServer): void {
    const key = `${leaving.backend}/${leaving.server}`;
    this.#pending.set(key, { leaving, since: this.#pending.get(key)?.since ?? this.#now() });
  }

  cancel(backend: string, server: string): void {
    this.#pending.delete(`${backend}/${server}`);
  }

  clear(): void {
    this.#pending.clear();
  }

  /** Runs work after all that was asked for before, whatever became of it. */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    const run = this.#turn.then(work, work);
    this.#turn = run.catch(() => undefined);
    return run;
  }

  /** One look at all of them; call it every second or so while `size` is not 0. Throws `HaproxySocketError`. */
  sweep(socket: RuntimeSocket): Promise<SweepOutcome[]> {
    return this.exclusive(async () => {
      const backends = [...new Set([...this.#pending.values()].map(({ leaving }) => leaving.backend))];
      const answers = await socket.askAll(backends.map((backend) => `show servers conn ${backend}`));
      const outcomes: SweepOutcome[] = [];
      for (const [at, backend] of backends.entries()) {
        const answer = answers[at] ?? '';
        const connections = gone.test(answer) ? new Map<string, number>() : parseServerConnections(answer);
        for (const pending of [...this.#pending.values()].filter(({ leaving }) => leaving.backend === backend))
          outcomes.push(await this.#advance(socket, pending, connections.get(pending.leaving.server) ?? 0));
      }
      return outcomes;
    });
  }

  async #advance(socket: RuntimeSocket, { leaving, since }: Pending, connections: number): Promise<SweepOutcome> {
    const { backend, server } = leaving;
    const afterMs = this.#now() - since;
    const late = afterMs >= this.#deadlineMs;
    if (connections > 0 && !late) return { kind: 'waiting', backend, server, connections };

    const end = removalEnd(leaving);
    const last = end.at(-1) ?? '';
    const commands =
      late && connections > 0 ? [...end.slice(0, -1), `shutdown sessions server ${backend}/${server}`, last] : end;
    const answer = (await socket.askAll(commands)).at(-1) ?? '';
    if (isAccepted(last, answer) || gone.test(answer)) {
      this.cancel(backend, server);
      return { kind: 'deleted', backend, server, afterMs };
    }
    return stillConnected.test(answer)
      ? { kind: 'waiting', backend, server, connections }
      : { kind: 'stuck', backend, server, reply: answer };
  }
}
