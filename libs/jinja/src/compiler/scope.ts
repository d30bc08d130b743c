/**
 * Where a name's value comes from when its scope is entered:
 * a parameter is given, an alias starts as the outer scope's value, a resolved name is looked up in the context, and an
 * unset one has no value until it is assigned.
 */
export type Load =
  | { readonly kind: 'parameter' }
  | { readonly kind: 'alias'; readonly slot: string }
  | { readonly kind: 'resolve'; readonly name: string }
  | { readonly kind: 'unset' };

/** Gives out the names of generated variables; the template's own words never become code. */
export class SlotNames {
  private next = 1;
  fresh(prefix: string): string {
    return `${prefix}_${this.next++}`;
  }
}

/**
 * The variables of one frame of a template. A name has one slot in a scope; an assignment makes a slot in the scope it
 * stands in (so that it does not leak), a read uses the nearest slot there is.
 */
export class Scope {
  readonly loads = new Map<string, Load>();
  readonly stores = new Set<string>();
  private readonly refs = new Map<string, string>();
  /** One slot per name for this scope and the branches that were split off from it. */
  private readonly slots: Map<string, string>;

  constructor(
    readonly parent: Scope | null,
    private readonly names: SlotNames,
    slots?: Map<string, string>,
  ) {
    this.slots = slots ?? new Map<string, string>();
  }

  inner(): Scope {
    return new Scope(this, this.names);
  }

  find(name: string): string | undefined {
    return this.refs.get(name) ?? this.parent?.find(name);
  }

  /** The slot of a name that the analysis has seen. */
  slot(name: string): string {
    const slot = this.find(name);
    if (slot === undefined) throw new Error(`the name ${name} was not analysed`);
    return slot;
  }

  findLoad(slot: string): Load | undefined {
    return this.loads.get(slot) ?? this.parent?.findLoad(slot);
  }

  load(name: string): void {
    if (this.find(name) === undefined) this.define(name, { kind: 'resolve', name });
  }

  store(name: string): void {
    this.stores.add(name);
    if (this.refs.has(name)) return;
    const outer = this.parent?.find(name);
    this.define(name, outer === undefined ? { kind: 'unset' } : { kind: 'alias', slot: outer });
  }

  /** @param slot the variable that already holds the value, if there is one */
  parameter(name: string, slot?: string): string {
    this.stores.add(name);
    if (slot !== undefined) this.slots.set(name, slot);
    return this.define(name, { kind: 'parameter' });
  }

  private define(name: string, load: Load): string {
    let slot = this.slots.get(name);
    if (slot === undefined) this.slots.set(name, (slot = this.names.fresh('v')));
    this.refs.set(name, slot);
    this.loads.set(slot, load);
    return slot;
  }

  /** A copy that a branch of an `if` is analysed in. */
  branch(): Scope {
    const copy = new Scope(this.parent, this.names, this.slots);
    for (const [name, slot] of this.refs) copy.refs.set(name, slot);
    for (const [slot, load] of this.loads) copy.loads.set(slot, load);
    for (const name of this.stores) copy.stores.add(name);
    return copy;
  }

  /**
   * Takes the branches of an `if` in. A name that only some of them assign keeps, in the others, the value it had
   * outside.
   */
  merge(branches: readonly Scope[]): void {
    const counts = new Map<string, number>();
    for (const branch of branches) {
      for (const name of branch.stores) if (!this.stores.has(name)) counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    for (const branch of branches) {
      for (const [name, slot] of branch.refs) this.refs.set(name, slot);
      for (const [slot, load] of branch.loads) this.loads.set(slot, load);
      for (const name of branch.stores) this.stores.add(name);
    }
    for (const [name, count] of counts) {
      if (count === branches.length) continue;
      const outer = this.parent?.find(name);
      this.loads.set(this.slot(name), outer === undefined ? { kind: 'resolve', name } : { kind: 'alias', slot: outer });
    }
  }

  /** Every name that was assigned here or further out, with its slot: what an include or scoped block sees. */
  visibleStores(): ReadonlyMap<string, string> {
    return new Map(this.storedNames().map((name) => [name, this.slot(name)]));
  }

  private storedNames(): string[] {
    return [...[...this.stores].sort(), ...(this.parent?.storedNames() ?? [])];
  }
}
