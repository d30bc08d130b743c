import { tryBlobs } from '@flotilla/artifact';
import { type FleetName, createSealer } from '@flotilla/domain';
import { tryKeys } from '@flotilla/inputs';
import { fleetsIn, type connectRedis, withDeadline } from '@flotilla/runtime';

/** A single sealed value that does not open may be damaged. */
const fewestRefused = 2;
const lookMs = 10_000;

/**
 * Whether this renderer has the key that what stands in Redis was sealed with. It is in doubt when a render met
 * something that does not open. Where anything at all opens, of whichever fleet, the key is right and that something
 * is damaged: trouble of its fleet, which the other fleets have no part in.
 */
export class OwnKey {
  /** What did not open, in words, by fleet. */
  readonly #refused = new Map<FleetName, string>();

  constructor(
    readonly redis: ReturnType<typeof connectRedis>,
    readonly masterKey: Buffer,
  ) {}

  doubt(fleet: FleetName, reason: string): void {
    this.#refused.set(fleet, reason);
  }

  /** Throws when Redis does not answer. */
  async look(): Promise<string | undefined> {
    if (this.#refused.size === 0) return undefined;
    const isAnother = await withDeadline(this.#isAnother(), lookMs, 'looking whether anything opens');
    if (!isAnother) this.#refused.clear();
    return isAnother ? [...this.#refused.values()].join('; ') : undefined;
  }

  async #isAnother(): Promise<boolean> {
    const { redis, masterKey } = this;
    let refused = 0;
    for (const fleet of new Set([...this.#refused.keys(), ...(await fleetsIn(redis))])) {
      const of = { redis, fleet, sealer: createSealer(masterKey, fleet) };
      for (const opens of [...(await tryBlobs(of)), ...(await tryKeys(of))]) {
        if (opens) return false;
        refused++;
      }
    }
    return refused >= fewestRefused;
  }
}
