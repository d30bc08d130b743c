import { layout } from '@flotilla/domain';
import { checkConfig, redactConfigSecrets } from '@flotilla/haproxy';
import type { PlacedRelease } from '../store/placed-release.ts';
import { stageCheck } from '../store/stage-check.ts';
import type { Context } from './context.ts';
import { mendTrees } from './mend-disk.ts';

/** `haproxy -c` on a written release: undefined when it passes, else HAProxy's words. Throws `CheckError`. */
export async function checkRelease(
  context: Context,
  placed: PlacedRelease,
  ownConfig: string,
  options: { givesWay?: boolean } = {},
): Promise<string | undefined> {
  const words = await check(context, placed, ownConfig, options);
  // A file that a person changed says nothing about the version.
  return words !== undefined && (await mendTrees(context, placed)) ? check(context, placed, ownConfig, options) : words;
}

async function check(
  { store, settings, signal }: Context,
  placed: PlacedRelease,
  ownConfig: string,
  { givesWay = false }: { givesWay?: boolean },
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

/** HAProxy quotes lines of the configuration; its passwords must not leave the node. */
export const withoutSecrets = (words: string, placed: PlacedRelease): string =>
  redactConfigSecrets(words, placed.content(layout.config).toString('utf8'));
