import { type Plan, type Release, capabilities, diff, needsCheck, planCommands } from '@flotilla/haproxy';
import { type Outcome, exitCodes } from '../outcome.ts';
import { count } from '../table.ts';

export interface PlanRequest {
  readonly from: Release;
  readonly to: Release;
  /** What the node runs, as `haproxy -v` tells it. */
  readonly haproxyVersion: string;
  /** A reload is the answer "no". */
  readonly refuseReload: boolean;
}

/** `flotilla plan`: how a node would get from one bundle to another. */
export function planCommand({ from, to, haproxyVersion, refuseReload }: PlanRequest): Outcome {
  const plan = diff(from, to, capabilities(haproxyVersion));
  const commands = planCommands(plan).map(firstLine);
  return {
    code: plan.kind === 'reload' && refuseReload ? exitCodes.no : exitCodes.ok,
    lines: [...summary(plan, commands.length), ...commands.map((command) => `  ${command}`)],
    notes: [`planned for HAProxy ${haproxyVersion}`],
    json: {
      kind: plan.kind,
      reason: plan.kind === 'reload' ? plan.reason : null,
      commands,
      checkBeforeTraffic: needsCheck(from.config, to.config),
      haproxyVersion,
    },
  };
}

function summary(plan: Plan, commands: number): string[] {
  switch (plan.kind) {
    case 'none':
      return ['nothing to do: HAProxy runs it already'];
    case 'runtime':
      return [`${count(commands, 'runtime command')}, no reload`];
    case 'reload': {
      const { file, line, text, why } = plan.reason;
      const place = line === undefined ? file : `${file}:${line}`;
      return [
        `reload: ${why}`,
        `  ${place}${text ? `: ${text.trim()}` : ''}`,
        ...(commands > 0 ? [`while the reload waits, ${count(commands, 'runtime command')}:`] : []),
      ];
    }
  }
}

/** A payload (a certificate's key, a map) is never printed. */
const firstLine = (command: string): string => command.split('\n', 1)[0] ?? '';
