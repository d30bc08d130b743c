import { createArtifactReader } from '@flotilla/artifact';
import { type FleetName, SealError, createSealer } from '@flotilla/domain';
import { createInputsReader } from '@flotilla/inputs';
import { type connectRedis, isAnswer } from '@flotilla/runtime';
import { RenderFailure } from './render-failure.ts';

const lookEveryMs = 5_000;

/**
 * Fleets whose data this renderer cannot open. Another one may do the jobs that it fails, so that is trouble of the
 * renderer itself. It ends with a render that went well, or when what is there can be opened: there may be no job soon.
 */
export class KeyTrouble {
  readonly #found = new Map<FleetName, string>();
  readonly #timer: NodeJS.Timeout;
  #isLooking = false;

  /** `open` opens all that is there of a fleet. */
  constructor(readonly open: (fleet: FleetName) => Promise<unknown>) {
    this.#timer = setInterval(() => void this.#look(), lookEveryMs).unref();
  }

  /** A render of the fleet ended, with that error or without one. */
  ended(fleet: FleetName, error?: unknown): void {
    if (error === undefined) this.#found.delete(fleet);
    else if (error instanceof RenderFailure && error.code === 'seal') this.#found.set(fleet, error.reason);
  }

  problem(): string | undefined {
    return this.#found.size === 0 ? undefined : [...this.#found.values()].join('; ');
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    for (const fleet of this.#found.keys()) if (await this.#opens(fleet)) this.#found.delete(fleet);
    this.#isLooking = false;
  }

  async #opens(fleet: FleetName): Promise<boolean> {
    try {
      await this.open(fleet);
      return true;
    } catch (error) {
      // What is not there any more has no other key.
      return isAnswer(error) && !(error instanceof SealError);
    }
  }
}

/** Opens the newest version of a fleet, and its inputs. Throws `SealError` where that takes another key. */
export async function openAll(
  redis: ReturnType<typeof connectRedis>,
  masterKey: Buffer,
  fleet: FleetName,
): Promise<void> {
  const of = { redis, fleet, sealer: createSealer(masterKey, fleet) };
  const artifacts = createArtifactReader(of);
  const newest = await artifacts.newest();
  if (newest) await artifacts.readArtifact(newest.version);
  await createInputsReader(of).read();
}
