import { ownConfig } from '@flotilla/haproxy';
import type { PlacedRelease } from '../store/placed-release.ts';
import type { Context } from './context.ts';

/** The agent's own file of a release. */
export const ownConfigOf = ({ settings, state }: Context, placed: PlacedRelease): string =>
  ownConfig({
    statsSocket: settings.statsSocket,
    release: placed.manifest.digest,
    userConfig: placed.release.config,
    version: state.running?.version ?? settings.version,
  });
