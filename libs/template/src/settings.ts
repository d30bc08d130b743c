/** What a render may use at most; past it the process is ended. */
export interface RenderLimits {
  /** From the moment the render begins. */
  readonly timeoutMs: number;
  /** The heap of its process, with all of the fleet's parsed inputs in it. */
  readonly heapMb: number;
  /** All rendered files together. */
  readonly outputBytes: number;
}

export const defaultLimits: RenderLimits = { timeoutMs: 10_000, heapMb: 2_048, outputBytes: 64 * 1024 * 1024 };

/** What templates see beside the fleet's inputs. */
export interface TemplateSettings {
  /** The value of `stats.password`. */
  readonly statisticsPassword: string;
  /** The value of `env`: only what the operator named. */
  readonly env: Readonly<Record<string, string>>;
  /** `strict` makes an undefined value an error; `lenient` is Jinja2's default. */
  readonly undefinedValues: 'lenient' | 'strict';
}

/** The variables of an environment that the operator named, as far as they are set. */
export const templateEnv = (names: readonly string[], env: NodeJS.ProcessEnv): Record<string, string> =>
  Object.fromEntries(names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
