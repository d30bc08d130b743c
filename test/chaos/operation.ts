import type { Random } from './random.ts';
import type { Traffic } from './traffic.ts';
import type { World } from './world.ts';

/** One operation as it is written down: the same seed means the same choices, as far as the world is the same. */
export interface Operation {
  readonly kind: string;
  readonly seed: number;
  readonly pauseMs: number;
}

export interface Deed {
  readonly world: World;
  readonly traffic: Traffic;
  readonly random: Random;
}

/** What it did, in words; undefined when there was nothing to do it to. */
export type Act = (deed: Deed) => Promise<string | undefined> | string | undefined;

export interface Kind {
  /** How often it is drawn, beside the others. */
  readonly weight: number;
  readonly act: Act;
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
