import type { InputPart } from '../input-parts.ts';
import type { Provenance } from '../inputs.ts';
import type { ObjectKey } from '../object-key.ts';
import type { FleetService, FleetServices, ServiceChanges } from './fleet-services.ts';
import type { Entry, Verdict } from './verdict.ts';

/**
 * Objects that people write for one fleet, and the entries they become. An entry has a name, is one field of each of the
 * projection's parts, and keeps its last good value while it is there and cannot be used.
 */
export interface WrittenProjection {
  /** The first is what an entry is known by: in problems, and in what tells that it is missing. */
  readonly parts: readonly [InputPart, ...InputPart[]];
  /** What it reads in the fleet's namespace. */
  readonly objects: readonly Omit<ObjectKey, 'namespace'>[];
  /** A store that has none of a fleet's vital objects, though there were values of one, has lost them. */
  readonly isVital: boolean;
  /** Its entries are services: endpoints are selected by them. */
  readonly isSelecting?: boolean;
  /**
   * What was deleted serves on:
   *
   * - `until-told`: while the object is missing; an entry that is taken out of an object goes at once
   * - `together`: for a while, when the object is missing; an entry that is taken out of an object goes at once
   * - `each`: each entry for a while, and not after nobody names it any more
   */
  readonly whenDeleted: 'until-told' | 'together' | 'each';
  /** In words: what is gone when nothing of an entry is left. Only for `each`. */
  readonly goneReason?: (paths: readonly string[]) => string;
  /** Reads the objects' texts, in the order of `objects`; one for each fleet, as it may remember what it has read. */
  readonly createReader: (paths: readonly string[]) => (texts: readonly (string | undefined)[]) => Verdict;
  /** Whether an entry that stands in the inputs can be used. */
  readonly isUsable: (name: string, entry: Entry) => boolean;
}

/**
 * Objects of the whole cluster that fleets get through their services. What they are now counts; they keep nothing.
 * While a fleet is held its services are withdrawn, and its fields stay.
 */
export interface EndpointProjection {
  put(key: ObjectKey, text: string, cause: Provenance): void;
  delete(key: ObjectKey, cause: Provenance): void;
  /** Paths of all objects it knows. */
  paths(): string[];
  /** Services came, went or select otherwise. */
  select(changes: ServiceChanges, cause: Provenance): void;
  /** The fleet's services get nothing until they are selected anew. */
  withdraw(fleet: FleetServices): void;
  /** Makes the fleet's fields what its services get now, whatever they have been. */
  selectAnew(fleet: FleetServices, cause: Provenance): void;
  /** Tells the fleet of the objects that it could mean and that cannot be read. */
  tellProblems(fleet: FleetServices, cause: Provenance): void;
  /** Whether the fleet has fields of it. */
  isIn(fleet: FleetServices): boolean;
  /** Whether there is anything for one of the services. */
  has(services: readonly FleetService[]): boolean;
}
