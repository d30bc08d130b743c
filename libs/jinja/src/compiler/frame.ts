import type { Scope } from './scope.ts';

/** Whether text is escaped in a piece of template: known when compiling, or only when rendering. */
export type Escaping = boolean | 'dynamic';

/** How the loop that a piece of template stands in gives its `loop`. */
export interface LoopAccess {
  /** Code of `loop.<name>`, for a loop that needs no object of its own. */
  readonly attributes: ReadonlyMap<string, string>;
  /** Code of the index, for `cycle`. */
  readonly index: string;
  /** The slots that `loop` and its other names have in the loop's scope: tell this loop's `loop` from another's. */
  readonly slots: ReadonlySet<string>;
}

/** What the compiler knows about the place it is at. */
export interface Frame {
  readonly scope: Scope;
  /** The variable that the output is added to. */
  readonly out: string;
  readonly escaping: Escaping;
  /** At the top of the template, where assignments are visible to others; an `if` does not change that. */
  readonly toplevel: boolean;
  /** At the top and not in an `if` either. */
  readonly rootlevel: boolean;
  /** Inside of an `if`: an unknown filter matters only if it is reached. */
  readonly soft: boolean;
  /** Output has to be held back when the template turns out to extend another. */
  readonly checkOutput: boolean;
  /** Code that goes on to the loop's next item; null where `break` and `continue` have nothing to leave. */
  readonly skip: string | null;
  /** Whether `o` is what the template's root prints: it may be put into `pieces`. */
  readonly piecewise: boolean;
  /** Whether the texts of a loop that stands here may be remembered: not inside of another loop. */
  readonly remembers: boolean;
  /** Parameters that have no value yet while the defaults of a macro are computed. */
  readonly unboundParameters: ReadonlySet<string>;
  readonly loops: readonly LoopAccess[];
}

/** The frame of a body with a scope of its own. */
export function innerFrame(frame: Frame, scope: Scope = frame.scope.inner()): Frame {
  return { ...frame, scope, toplevel: false, rootlevel: false, soft: false };
}

export function softFrame(frame: Frame): Frame {
  return { ...frame, rootlevel: false, soft: true };
}

/** The loop that a name means as `loop` or as another name of it, if that loop has no object. */
export function loopNamed(frame: Frame, name: string): LoopAccess | undefined {
  const slot = frame.scope.find(name);
  return slot === undefined ? undefined : frame.loops.find((loop) => loop.slots.has(slot));
}
