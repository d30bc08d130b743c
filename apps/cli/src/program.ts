import { programVersion } from '@flotilla/runtime';
import { Command } from 'commander';
import { addOfflineCommands } from './offline/offline-commands.ts';
import { addOperatorCommands } from './operator/operator-commands.ts';
import type { CommandContext } from './options.ts';
import { addPlan } from './plan/add-plan.ts';

/** All commands. Errors are thrown, commander's own included. */
export function createProgram(context: CommandContext): Command {
  const program = new Command('flotilla')
    .description('Looks into fleets of HAProxy nodes, and renders and tests their templates without any server.')
    .version(programVersion)
    .addHelpText('after', epilogue)
    .showHelpAfterError('(flotilla --help lists the commands, flotilla <command> --help its options)');
  addOperatorCommands(program, context);
  addPlan(program, context);
  addOfflineCommands(program, context);
  for (const command of [program, ...program.commands]) command.exitOverride();
  return program;
}

const epilogue = `
Examples:
  flotilla status                                   whether all is well with fleet lb, and where every node stands
  flotilla status --all                             a line for every fleet
  flotilla jobs --state failed --count 5            why the last renders failed
  flotilla versions --fleet edge                    what is kept, and which nodes run it
  flotilla retry node-3                             the node is mended: try again what it refused
  flotilla reload node-3                            reload its HAProxy now
  flotilla release --fleet lb                       the store is right: end the hold, let deleted things go
  flotilla plan --from 41 --to 42                   runtime commands, or the line that forces a reload
  flotilla render --manifests examples/http         render without any server, and let HAProxy check it
  flotilla test --manifests examples/http           run the template tests beside the manifests

Environment (docs/configuration.md has all of it):
  REDIS_URL                         for all but render, test, and plan between files
  FLOTILLA_KEY, FLOTILLA_KEY_FILE   for retry, reload, and plan between versions
  FLOTILLA_FLEET                    the fleet that is meant without --fleet (lb)

Exit codes:
  0   yes: it is so, it holds, it was done
  1   no: a template fails, HAProxy refuses, a test does not hold, a node is not where it should be
  64  wrong arguments, or a setting that is missing or refused
  66  what was named is not there or cannot be read
  69  Redis cannot be used
  70  an internal error, or flotilla is not built
  77  what is in Redis was sealed with another key`;
