import type { RuntimeSocket } from '@flotilla/haproxy';

/**
 * What the delivery needs of HAProxy, whoever runs it: one adapter for each `FLOTILLA_HAPROXY_MODE`.
 * HAProxy always reads the same two files, `<data>/current/haproxy.cfg` and `<data>/current/flotilla.cfg`.
 */
export interface HaproxyPort {
  readonly mode: 'supervise' | 'attach' | 'command';
  /** What runs now; `down` when nothing answers. Never throws for that. */
  look(): Promise<Look>;
  /** Makes HAProxy run what is on disk when it is not running, or takes over one that is. */
  start(signal?: AbortSignal): Promise<Brought>;
  /** Makes a running HAProxy read its files again and proves that it did. */
  reload(signal?: AbortSignal): Promise<Brought>;
  /** The socket of a running worker; undefined where this mode has none. */
  runtime(running: Running): RuntimeSocket | undefined;
  /** Called when HAProxy died, came back by itself, or could not. */
  onEvent(listen: (event: HaproxyEvent) => void): void;
  /** What is to be done before this mode starts a HAProxy that died. */
  beforeRestart(prepare: () => Promise<unknown>): void;
  /** Ends what this mode runs; open connections may go on for the grace time. */
  stop(graceMs: number): Promise<void>;
  /** The agent's process ends this very moment: what this mode runs is told to end as well. Must not wait. */
  endNow(): void;
  /** Lets go of HAProxy, which serves on. */
  leave(): Promise<void>;
}

export type Look =
  | { readonly kind: 'running'; readonly running: Running }
  | { readonly kind: 'down'; readonly why: string }
  /** This mode cannot look. */
  | { readonly kind: 'unknown' };

export interface Running {
  readonly version: string;
  readonly master: number;
  readonly worker: number;
  readonly oldWorkers: number;
  /** What the worker read at its start (`FLOTILLA_RELEASE`); undefined when it was not started with the agent's file. */
  readonly release: string | undefined;
  /** The worker answers on the agent's stats socket, which is much faster than the way through the master. */
  readonly statsSocket: boolean;
}

export type Brought =
  | { readonly kind: 'live'; readonly how: 'started' | 'adopted' | 'reloaded' | 'commanded'; readonly look: Look }
  /** HAProxy, or the command, says that it does not take what is on disk. `words` are its own. */
  | { readonly kind: 'refused'; readonly words: string }
  /** It is not known to run what is on disk: it did not answer, or it may have been killed meanwhile. */
  | { readonly kind: 'unproven'; readonly words: string };

export type HaproxyEvent =
  | { readonly kind: 'died'; readonly words: string }
  | { readonly kind: 'back' }
  | { readonly kind: 'still-down'; readonly words: string };
