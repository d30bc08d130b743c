import { preflight } from '@flotilla/haproxy';
import type { PlacedRelease } from '../store/placed-release.ts';
import type { Context } from './context.ts';
import { liveOf } from './state.ts';

/** What was found in order so lately is not looked at again. */
const freshMs = 1_000;

/** Why a reload onto a release would fail, as far as that can be known before; undefined when nothing is in its way. */
export async function beforeReload(context: Context, placed: PlacedRelease): Promise<string | undefined> {
  const { state, settings, signal } = context;
  const { running, cleared } = state;
  const live = liveOf(state);
  const { digest } = placed.manifest;
  const { binary, checkTimeoutMs } = settings;
  if (!live || !running || binary === undefined) return undefined;
  if (cleared?.digest === digest && performance.now() - cleared.at < freshMs) return undefined;
  const words = await preflight({
    wanted: placed.release.config,
    live: live.release.config,
    master: running.master,
    workers: [running.worker],
    binary,
    timeoutMs: checkTimeoutMs,
    signal,
  });
  context.move({ kind: 'cleared', what: words === undefined ? { digest, at: performance.now() } : undefined });
  return words;
}
