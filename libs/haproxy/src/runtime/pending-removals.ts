import { removalEnd } from '../plan/commands.ts';
import type { LeavingServer, LeavingServers, RemoveServer } from '../plan/operation.ts';
import { isAccepted } from './answers.ts';
import { type BackendConnections, parseServerConnections, parseServerSessions, showSessions } from './server-state.ts';
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

interface Look {
  readonly leaving: LeavingServer;
  readonly connections: number;
  readonly afterMs: number;
}

const noServers: BackendConnections = { id: undefined, used: new Map() };
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
      const looks = await this.#lookAtAll(socket);
      const commands = looks.map((look) => this.#endOf(look));
      const answers = await socket.askAll(commands.flat());
      let next = 0;
      return looks.map((look, at) => {
        const own = commands[at] ?? [];
        next += own.length;
        const answer = own.length === 0 ? undefined : { command: own.at(-1) ?? '', text: answers[next - 1] ?? '' };
        return this.#conclude(look, answer);
      });
    });
  }

  async #lookAtAll(socket: RuntimeSocket): Promise<Look[]> {
    const all = [...this.#pending.values()];
    const backends = [...new Set(all.map(({ leaving }) => leaving.backend))];
    const answers = await socket.askAll(backends.map((backend) => `show servers conn ${backend}`));
    const connected = answers.map((answer) => (gone.test(answer) ? noServers : parseServerConnections(answer)));
    const ids = connected.flatMap(({ id }) => id ?? []);
    const sessions = (await socket.askAll(ids.map(showSessions))).map(parseServerSessions);
    const inUse = (backend: string, server: string): number => {
      const { id, used } = connected[backends.indexOf(backend)] ?? noServers;
      const running = id === undefined ? undefined : sessions[ids.indexOf(id)]?.get(server);
      return Math.max(used.get(server) ?? 0, running ?? 0);
    };
    return all.map(({ leaving, since }) => ({
      leaving,
      connections: inUse(leaving.backend, leaving.server),
      afterMs: this.#now() - since,
    }));
  }

  /** The commands that end it, none while its connections may go on. */
  #endOf({ leaving, connections, afterMs }: Look): string[] {
    const late = afterMs >= this.#deadlineMs;
    if (connections === 0) return removalEnd(leaving);
    if (!late) return [];
    const end = removalEnd(leaving);
    const shutdown = `shutdown sessions server ${leaving.backend}/${leaving.server}`;
    return [...end.slice(0, -1), shutdown, ...end.slice(-1)];
  }

  #conclude(
    { leaving: { backend, server }, connections, afterMs }: Look,
    answer: { readonly command: string; readonly text: string } | undefined,
  ): SweepOutcome {
    if (!answer || stillConnected.test(answer.text)) return { kind: 'waiting', backend, server, connections };
    if (isAccepted(answer.command, answer.text) || gone.test(answer.text)) {
      this.cancel(backend, server);
      return { kind: 'deleted', backend, server, afterMs };
    }
    return { kind: 'stuck', backend, server, reply: answer.text };
  }
}
