import { type FleetName } from '@flotilla/domain';
import { count } from '../table.ts';
import { type FleetStanding, type NodeState, runs } from './standing.ts';
import { type Surroundings, clockTrouble, nameOf, placeOf } from './surroundings.ts';

/** What keeps a fleet from being well; empty when all holds. */
export function missing(standing: FleetStanding, surroundings: Surroundings): string[] {
  const { fleet, inputs, rendered, artifact, waits, nodes, hold, oddReports, problems } = standing;
  const names = (state: NodeState): string =>
    nodes.flatMap((node) => (node.state === state ? [node.node] : [])).join(', ');
  return [
    ...surroundings.apps.flatMap((app) =>
      app.fleetTrouble[fleet] ? [`${nameOf(app)}: ${app.fleetTrouble[fleet]}`] : [],
    ),
    isServed(fleet, surroundings) ? '' : `no watcher that is there has ${fleet} among its FLOTILLA_FLEETS`,
    inputs === null ? 'no watcher wrote inputs of this fleet' : '',
    inputs !== null && !rendered ? `revision ${inputs.revision} is not rendered` : '',
    artifact === null ? 'nothing is published' : '',
    waits === null
      ? ''
      : `the nodes are held on ${artifact === null ? 'a version that Redis has lost' : `version ${artifact.version}`}: ${waits.why}`,
    hold === null ? '' : `held: ${hold.reason}`,
    problems.length === 0 ? '' : `${count(problems.length, 'entry', 'entries')} set aside`,
    nodes.length === 0 ? 'no node has reported' : '',
    oddReports.length === 0
      ? ''
      : `no report of a node, or one of another release, see "flotilla forget": ${oddReports.map((name) => JSON.stringify(name)).join(', ')}`,
    ...(['behind', 'parked', 'trouble', 'silent'] as const).map((state) => {
      const which = names(state);
      return which === '' ? '' : `${state}: ${which}`;
    }),
    ...nodes.flatMap(({ node, instance, rival }) =>
      rival ? [`two agents report as ${node}: ${placeOf(instance.id)} and ${placeOf(rival.id)}`] : [],
    ),
    ...nodes.flatMap(({ node, clockMs, state }) => (state === 'silent' ? [] : clockTrouble(`node ${node}`, clockMs))),
  ].filter((text) => text !== '');
}

/** Where no watcher is there at all, that is told already. */
function isServed(fleet: FleetName, { apps }: Surroundings): boolean {
  const watchers = apps.filter(({ app }) => app === 'watcher');
  return watchers.length === 0 || watchers.some(({ fleets }) => fleets === null || fleets.includes(fleet));
}

/** Whether the newest inputs are what every node runs, whatever else there is to say. */
export const isEverywhere = ({ rendered, artifact, waits, nodes }: FleetStanding): boolean =>
  rendered &&
  waits === null &&
  nodes.length > 0 &&
  nodes.every((node) => node.state !== 'silent' && runs(node, artifact));
