import { FlotillaError } from '@flotilla/domain';
import type { z } from 'zod';
import { nearest } from './nearest.ts';

/** One environment variable: how its text is read, what it means, and what it is when it is absent. */
export interface Setting<Value> {
  readonly schema: z.ZodType<Value, string>;
  /** One sentence or two for `--help` and the reference. */
  readonly help: string;
  /** The text used when the variable is absent or empty; without one, `optional` or required. */
  readonly default?: string;
  readonly optional?: boolean;
  /** Its value is never shown. */
  readonly secret?: boolean;
  readonly example?: string;
}

export type Settings = Readonly<Record<string, Setting<unknown>>>;
export type Loaded<S extends Settings> = {
  readonly [Name in keyof S]: S[Name] extends Setting<infer Value> ? Value : never;
};

type Absent<Options> = Options extends { optional: true } ? undefined : never;

/** Declares a setting; with `optional: true` its value may be undefined. */
export function setting<Value, const Options extends Omit<Setting<Value>, 'schema'>>(
  schema: z.ZodType<Value, string>,
  options: Options,
): Setting<Value | Absent<Options>> {
  return { schema, ...options };
}

/** Thrown when the environment does not hold what an app needs. The message has a line for each bad variable. */
export class ConfigError extends FlotillaError {
  constructor(readonly faults: readonly string[]) {
    super('config', faults.join('\n'), { data: { faults } });
  }
}

/** Reads and checks every setting at once. An empty variable counts as absent. Throws `ConfigError`. */
export function loadSettings<S extends Settings>(settings: S, env: NodeJS.ProcessEnv): Loaded<S> {
  const faults: string[] = [];
  const loaded: Record<string, unknown> = {};
  for (const [name, declared] of Object.entries(settings)) {
    const text = env[name] || declared.default;
    if (text === undefined) {
      if (!declared.optional)
        faults.push(`${name} is not set: ${declared.help.replace(/\.$/, '')}${exampleOf(name, declared)}`);
      continue;
    }
    const result = declared.schema.safeParse(text);
    if (result.success) loaded[name] = result.data;
    else {
      const shown = declared.secret ? '' : ` "${text}"`;
      const reasons = result.error.issues.map(({ message }) => message).join('; ');
      faults.push(`${name}${shown} is refused: ${reasons}${exampleOf(name, declared)}`);
    }
  }
  if (faults.length > 0) throw new ConfigError(faults);
  return Object.freeze(loaded) as Loaded<S>;
}

/** Variables that look like Flotilla's but are not known: likely misspelt. */
export function unknownSettings(known: Iterable<string>, env: NodeJS.ProcessEnv): string[] {
  const names = [...known];
  return Object.keys(env)
    .filter((name) => name.startsWith('FLOTILLA_') && !names.includes(name))
    .map((name) => {
      const near = nearest(name, names);
      return `${name} is not a setting of this program${near ? `; did you mean ${near}?` : ''}`;
    });
}

const exampleOf = (name: string, { example }: Setting<unknown>): string =>
  example ? `. Example: ${name}=${example}` : '';
