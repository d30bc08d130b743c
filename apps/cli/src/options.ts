import { type FleetName, fleetName } from '@flotilla/domain';
import { loadSettings } from '@flotilla/runtime';
import { type Command, InvalidArgumentError } from 'commander';
import { settings } from './config.ts';
import type { Outcome } from './outcome.ts';

/** What every command is built with. `report` is told each outcome; errors are thrown. */
export interface CommandContext {
  readonly env: NodeJS.ProcessEnv;
  /** Columns of the terminal; Infinity where the output goes elsewhere. */
  readonly width: number;
  readonly report: (outcome: Outcome, json: boolean) => void;
}

export interface FleetOptions {
  readonly fleet: FleetName;
  readonly json: boolean;
}

export const withJson = (command: Command): Command => command.option('--json', 'print one JSON document', false);

export function withFleet(command: Command, { env }: CommandContext): Command {
  // A bad value is told when a command needs it, not while the help is being printed.
  const preset = (): FleetName => loadSettings({ FLOTILLA_FLEET: settings.FLOTILLA_FLEET }, env).FLOTILLA_FLEET;
  return withJson(command)
    .option('--fleet <name>', 'the fleet (default: FLOTILLA_FLEET, or lb)', asFleet)
    .hook('preAction', (_, action) => {
      if (action.getOptionValue('fleet') === undefined) action.setOptionValue('fleet', preset());
    });
}

export const asFleet = (text: string): FleetName => {
  try {
    return fleetName(text);
  } catch {
    throw new InvalidArgumentError('use a Kubernetes namespace (a-z, 0-9 and -).');
  }
};

export const asCount = (text: string): number => {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('use a whole number above 0.');
};

export const asOneOf =
  <Name extends string>(names: readonly Name[]) =>
  (text: string): Name => {
    const found = names.find((name) => name === text);
    if (found === undefined) throw new InvalidArgumentError(`use one of ${names.join(', ')}.`);
    return found;
  };
