import { layout } from '@flotilla/domain';
import { bindsOf, checkConfig, fdDemandOf, fdShortage, redactConfigSecrets, takenPort } from '@flotilla/haproxy';
import type { PlacedRelease } from '../store/placed-release.ts';
import { stageCheck } from '../store/stage-check.ts';
import type { Context } from './context.ts';

/** `haproxy -c` on a written release: undefined when it passes, else HAProxy's words. Throws `CheckError`. */
export async function checkRelease(
  { store, settings, signal }: Context,
  placed: PlacedRelease,
  ownConfig: string,
  { givesWay = false } = {},
): Promise<string | undefined> {
  if (settings.binary === undefined) return undefined;
  const staged = await stageCheck(store.paths, placed, ownConfig);
  try {
    const { binary, checkTimeoutMs } = settings;
    const result = await checkConfig({ binary, files: staged.files, timeoutMs: checkTimeoutMs, signal, givesWay });
    return result.ok ? undefined : result.message;
  } finally {
    await staged.remove();
  }
}

/** What would make a reload fail that `haproxy -c` does not see: a port of someone else, too few file descriptors. */
export async function preflight({ standing }: Context, placed: PlacedRelease): Promise<string | undefined> {
  const { live, running } = standing;
  if (!live || !running) return undefined;
  const wanted = placed.release.config;
  const taken = await takenPort(bindsOf(wanted), bindsOf(live.release.config));
  return taken ?? (await fdShortage(fdDemandOf(wanted), running.master));
}

/** HAProxy quotes lines of the configuration; its passwords must not leave the node. */
export const withoutSecrets = (words: string, placed: PlacedRelease): string =>
  redactConfigSecrets(words, placed.content(layout.config).toString('utf8'));
