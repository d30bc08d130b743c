import type { FleetName } from '@flotilla/domain';

interface Closable {
  close(): Promise<void>;
}

/** What is kept in memory of the fleets rendered last; the one unused for longest gives way, unless it is in use. */
export class WarmFleets<State extends Closable> {
  readonly #open: (fleet: FleetName) => State;
  readonly #limit: number;
  /** In the order of use, the newest last. */
  readonly #states = new Map<FleetName, State>();
  readonly #inUse = new Set<FleetName>();

  constructor(limit: number, open: (fleet: FleetName) => State) {
    this.#limit = limit;
    this.#open = open;
  }

  /** Lends a fleet's state for one piece of work. A fleet is lent once at a time. */
  async use<T>(fleet: FleetName, work: (state: State) => Promise<T>): Promise<T> {
    if (this.#inUse.has(fleet)) throw new Error(`fleet ${fleet} is being rendered already`);
    this.#inUse.add(fleet);
    try {
      const state = this.#states.get(fleet) ?? this.#open(fleet);
      this.#states.delete(fleet);
      this.#states.set(fleet, state);
      return await work(state);
    } finally {
      this.#inUse.delete(fleet);
      await this.#trim();
    }
  }

  /** The one that was used last, unless it is in use. */
  idle(): State | undefined {
    const [fleet, state] = [...this.#states].at(-1) ?? [];
    return fleet === undefined || this.#inUse.has(fleet) ? undefined : state;
  }

  async close(): Promise<void> {
    const states = [...this.#states.values()];
    this.#states.clear();
    await Promise.all(states.map((state) => state.close()));
  }

  async #trim(): Promise<void> {
    for (const [fleet, state] of this.#states) {
      if (this.#states.size <= this.#limit) return;
      if (this.#inUse.has(fleet)) continue;
      this.#states.delete(fleet);
      await state.close();
    }
  }
}
