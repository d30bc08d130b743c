import type { FleetName } from '../brands.ts';
import { type FleetHold, holdField, isNoteField } from '../fleet-hold.ts';
import { type InputField, type Provenance, inputField, parseInputField } from '../inputs.ts';
import type { ClusterOptions } from './cluster.ts';
import { FieldRecord } from './field-record.ts';
import { type FleetService, FleetServices } from './fleet-services.ts';
import { MissingClock } from './missing-clock.ts';
import { writtenProjections } from './projections.ts';
import { WrittenEntries, type WrittenInputs } from './written-entries.ts';

/**
 * One fleet's fields. Verdicts on its objects come in, endpoints are put and removed by their projections.
 *
 * The fields belong to the fleet and not to this process: whoever takes the lead goes on from what was written (`adopt`),
 * unless it has seen something newer itself.
 */
export class FleetState {
  readonly fleet: FleetName;
  readonly record = new FieldRecord();
  readonly missing: MissingClock;
  readonly services: FleetServices;
  /** In the order in which they are looked at. */
  readonly entries: readonly WrittenEntries[];
  #problems = new Set<InputField>();
  #hold: FleetHold | undefined;

  constructor(fleet: FleetName, options: Required<ClusterOptions>) {
    const { record } = this;
    this.fleet = fleet;
    const missing = (this.missing = new MissingClock(record, options));
    const services = (this.services = new FleetServices(fleet, record));
    this.entries = writtenProjections.map(
      (projection) =>
        new WrittenEntries(projection, {
          ...{ fleet, record, missing, comesBefore: options.comesBefore },
          isNamed: (name) => services.names(name),
          onEntry: (name, entry) => {
            if (projection.isSelecting) services.set(name, entry?.[0]);
          },
        }),
    );
  }

  /** While there is one, only what is told about the fleet changes. */
  get hold(): FleetHold | undefined {
    return this.#hold;
  }

  setHold(hold: FleetHold | undefined, cause: Provenance): void {
    this.#hold = hold;
    this.record.set(holdField, hold && JSON.stringify(hold), cause);
  }

  /** The paths of the objects that there are values of. */
  get had(): string[] {
    return this.entries.flatMap(({ had }) => had);
  }

  /** The paths of the objects without any of which a store has lost the fleet. */
  get vital(): string[] {
    return this.entries.flatMap(({ projection, paths }) => (projection.isVital ? paths : []));
  }

  /** The services that there will be when the hold ends. */
  comingServices(): FleetService[] {
    return this.entries.flatMap(({ projection, verdict }) =>
      projection.parts[0] === 'service' ? this.services.coming(verdict) : [],
    );
  }

  /** Everything that was said of the objects during a hold holds now. */
  endHold(cause: Provenance): void {
    this.setHold(undefined, cause);
    for (const each of this.entries) each.apply(cause);
  }

  /** What is missing goes at once: an operator says that the store is right. */
  believe(cause: Provenance): void {
    for (const each of this.entries) {
      const isUntilTold = each.projection.whenDeleted === 'until-told';
      if (isUntilTold && each.verdict.kept === 'missing') each.letGo(undefined, cause);
    }
    for (const [field] of this.missing.entries()) this.letGo(field, cause);
  }

  /** What is missing by one field goes now. */
  letGo(field: InputField, cause: Provenance): void {
    this.missing.end(field, cause);
    const [part, name] = parseInputField(field).names;
    for (const each of this.entries) if (each.projection.parts[0] === part) each.letGo(name, cause);
  }

  /** Goes on from what was written for the fleet, where this process has not seen anything newer itself. */
  adopt(written: WrittenInputs, cause: Provenance): void {
    for (const each of this.entries) each.adopt(written, cause);
    for (const each of this.entries) each.keepTime(cause);
  }

  /** The fields that stand in for entries that are there and cannot be used. */
  get keptFields(): InputField[] {
    return this.entries.flatMap(({ keptFields }) => keptFields);
  }

  /** Puts older values in place of such that are no last good ones, where they still stand in for something. */
  fallBack(values: ReadonlyMap<InputField, string | null>, cause: Provenance): void {
    const kept = new Set(this.keptFields);
    const fields = new Map(this.record.entries());
    const replaced = [...values].filter(([field]) => kept.has(field));
    for (const [field, value] of replaced) {
      if (value === null) fields.delete(field);
      else fields.set(field, value);
    }
    const names = replaced.map(([field]) => field);
    for (const each of this.entries) each.fallBack(names, fields, cause);
  }

  /** Takes over all of what was written, as it is: the fleet is held. */
  adoptWhole({ fields }: WrittenInputs, cause: Provenance): void {
    for (const [field] of [...this.record.entries()]) {
      if (!isNoteField(field) && !fields.has(field)) this.record.set(field, undefined, cause);
    }
    for (const [field] of this.missing.entries()) if (!fields.has(field)) this.missing.end(field, cause);
    for (const [field, value] of fields) {
      if (parseInputField(field).part === 'missing') this.missing.adopt(field, value, cause);
      if (!isNoteField(field)) this.record.set(field, value, cause);
    }
    for (const each of this.entries) each.adoptWhole(fields);
  }

  /** What was seen before is no longer comparable with what was written: the store is another one, or was set back. */
  forgetPositions(): void {
    for (const each of this.entries) each.forgetPositions();
  }

  /** When all objects were looked at: what is missing and named no more goes, and the problems are told. */
  conclude(cause: Provenance): void {
    if (!this.#hold) this.#dropUnnamed(cause);
    this.#tellProblems(cause);
  }

  #dropUnnamed(cause: Provenance): void {
    for (const [field, { isNamed }] of this.missing.entries()) {
      const [, name] = parseInputField(field).names;
      if (isNamed && name !== undefined && !this.services.names(name)) this.letGo(field, cause);
    }
  }

  #tellProblems(cause: Provenance): void {
    const problems = this.entries.flatMap((each) => each.problems());
    const told = new Map(
      problems.map((problem) => [
        inputField('problem', problem.object, ...(problem.key === undefined ? [] : [problem.key])),
        JSON.stringify(problem),
      ]),
    );
    for (const field of this.#problems) if (!told.has(field)) this.record.set(field, undefined, cause);
    for (const [field, text] of told) this.record.set(field, text, cause);
    this.#problems = new Set(told.keys());
  }
}
