import { type Plan, type Release, capabilities, diff, needsCheck, planCommands } from '@flotilla/haproxy';
import { type Outcome, exitCodes } from '../outcome.ts';

/** `flotilla plan`: how a node would get from one bundle to another. */
export function planCommand(from: Release, to: Release, haproxyVersion: string): Outcome {
  const plan = diff(from, to, capabilities(haproxyVersion));
  const commands = planCommands(plan);
  return {
    code: exitCodes.ok,
    lines: [summary(plan, commands.length), ...commands.map((command) => `  ${firstLine(command)}`)],
    json: { ...plan, commands: commands.map(firstLine), checkBeforeTraffic: needsCheck(from.config, to.config) },
  };
}

function summary(plan: Plan, commands: number): string {
  switch (plan.kind) {
    case 'none':
      return 'nothing to do: HAProxy runs it already';
    case 'runtime':
      return `${commands} runtime commands, no reload`;
    case 'reload': {
      const { file, line, text, why } = plan.reason;
      const place = line === undefined ? file : `${file}:${line}`;
      const meanwhile = commands > 0 ? `\nwhile the reload waits, ${commands} runtime commands:` : '';
      return `reload: ${why}\n  ${place}${text ? `: ${text.trim()}` : ''}${meanwhile}`;
    }
  }
}

/** A payload (a certificate's key, a map) is never printed. */
const firstLine = (command: string): string => command.split('\n', 1)[0] ?? '';
