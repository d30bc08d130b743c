/** What holds for every field of one part of a fleet's inputs. */
interface PartRules {
  /** Its values are sealed before they reach Redis, and readable only in a process's memory. */
  readonly isSealed: boolean;
  /** What cannot be used leaves the last good value where it is; one that HAProxy refused is none. */
  readonly keepsLastGood: boolean;
  /** A file that is rendered, an object, the name of something that is there, or nothing. */
  readonly inTemplates: 'file' | 'object' | 'name' | 'nothing';
  /** Whose objects it comes from; `watcher`: it tells about the inputs. */
  readonly madeBy: 'people' | 'cluster' | 'watcher';
}

/** Every part of a fleet's inputs. What becomes which of them stands in `cluster/projections.ts`. */
export const inputParts = {
  config: { isSealed: false, keepsLastGood: true, inTemplates: 'file', madeBy: 'people' },
  service: { isSealed: false, keepsLastGood: true, inTemplates: 'object', madeBy: 'people' },
  pod: { isSealed: false, keepsLastGood: false, inTemplates: 'object', madeBy: 'cluster' },
  certificate: { isSealed: false, keepsLastGood: true, inTemplates: 'name', madeBy: 'people' },
  key: { isSealed: true, keepsLastGood: true, inTemplates: 'name', madeBy: 'people' },
  problem: { isSealed: false, keepsLastGood: false, inTemplates: 'nothing', madeBy: 'watcher' },
  missing: { isSealed: false, keepsLastGood: false, inTemplates: 'nothing', madeBy: 'watcher' },
  hold: { isSealed: false, keepsLastGood: false, inTemplates: 'nothing', madeBy: 'watcher' },
} as const satisfies Record<string, PartRules>;

export type InputPart = keyof typeof inputParts;

/** The parts that templates see something of. */
export type TemplatePart = {
  [Part in InputPart]: (typeof inputParts)[Part]['inTemplates'] extends 'nothing' ? never : Part;
}[InputPart];

const rules: ReadonlyMap<string, PartRules> = new Map(Object.entries(inputParts));

/** A part that another version writes and this one does not know: it is nothing to anybody here. */
const unknownPart: PartRules = { isSealed: false, keepsLastGood: false, inTemplates: 'nothing', madeBy: 'watcher' };

export const rulesOf = (part: string): PartRules => rules.get(part) ?? unknownPart;

export const isTemplatePart = (part: string): part is TemplatePart => rulesOf(part).inTemplates !== 'nothing';

/** Parts whose accepted values are remembered, as one of them may have to stand in for what HAProxy refused. */
export const lastGoodParts: readonly string[] = [...rules].flatMap(([part, { keepsLastGood }]) =>
  keepsLastGood ? [part] : [],
);
