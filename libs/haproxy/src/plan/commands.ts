import { formatAddress, type ServerAddress } from '../model/server.ts';
import { cliWord } from './cli-text.ts';
import type { Operation, Plan } from './operation.ts';

/**
 * The commands of an operation on HAProxy's socket (management guide, 9.3), as a person reads them. Payloads are left
 * out: certificates carry private keys.
 */
export function commandsOf(operation: Operation): string[] {
  switch (operation.kind) {
    case 'add-server':
      return serverAdditions(operation);
    case 'take-back-server':
      return takeBackCommands(operation);
    case 'set-address':
      return [setAddress(operation, operation.address)];
    case 'set-weight':
      return [setWeight(operation, operation.weight)];
    case 'set-maxconn':
      return [`set maxconn server ${at(operation)} ${operation.maxconn}`];
    case 'set-state':
      return [setState(operation, operation.state)];
    case 'remove-server':
      return [setState(operation, operation.via), ...removalEnd(operation)];
    case 'replace-certificate':
      return setCertificate(operation.name);
    case 'add-certificate':
      return [
        ...(operation.create ? [`new ssl cert ${cliWord(operation.name)}`, ...setCertificate(operation.name)] : []),
        ...operation.lists.map(({ list, entry }) => addToList(list, operation.name, entry)),
      ];
    case 'remove-certificate':
      return [
        ...operation.lists.map((list) => `del ssl crt-list ${cliWord(list)} ${cliWord(operation.name)}`),
        ...(operation.forget ? [`del ssl cert ${cliWord(operation.name)}`] : []),
      ];
    case 'replace-map':
      return [
        `prepare ${operation.family} ${cliWord(operation.name)}`,
        `add ${operation.family} @<version> ${cliWord(operation.name)} <<`,
        `commit ${operation.family} @<version> ${cliWord(operation.name)}`,
      ];
    case 'edit-map':
      return operation.edits.map((edit) => mapEdit(operation.name, edit));
  }
}

/** All commands of a plan; empty when nothing is done at runtime. */
export const planCommands = (plan: Plan): string[] =>
  plan.kind === 'none' ? [] : plan.operations.flatMap((operation) => commandsOf(operation));

interface Place {
  readonly backend: string;
  readonly server: string;
}

const at = ({ backend, server }: Place): string => `${backend}/${server}`;

export const setState = (place: Place, state: 'ready' | 'drain' | 'maint'): string =>
  `set server ${at(place)} state ${state}`;
export const setWeight = (place: Place, weight: number): string => `set server ${at(place)} weight ${weight}`;
export const setAddress = (place: Place, { ip, port }: ServerAddress): string =>
  `set server ${at(place)} addr ${ip} port ${port}`;
export const addToList = (list: string, name: string, entry: string | undefined): string =>
  `add ssl crt-list ${cliWord(list)} ${entry === undefined ? cliWord(name) : '<<'}`;

/**
 * The agent goes first: while it runs it may bring the server back (management guide, "add server"). `del server` is
 * refused while connections are left.
 */
export const removalEnd = (server: Place & { readonly agentCheck: boolean }): string[] => [
  ...(server.agentCheck ? [`disable agent ${at(server)}`] : []),
  setState(server, 'maint'),
  `del server ${at(server)}`,
];

/** A server starts in maintenance; its checks start before it takes traffic. */
function serverAdditions(operation: Extract<Operation, { kind: 'add-server' }>): string[] {
  const { address, words, weight, weightAfterwards } = operation;
  const now = weightAfterwards ? 0 : weight;
  const options = [...(now === 1 ? [] : ['weight', String(now)]), ...words.map(cliWord)];
  return [
    ['add server', at(operation), formatAddress(address), ...options].join(' '),
    ...(weightAfterwards && weight !== 0 ? [setWeight(operation, weight)] : []),
    ...(operation.check ? [`enable health ${at(operation)}`] : []),
    ...(operation.agentCheck ? [`enable agent ${at(operation)}`] : []),
    ...(operation.disabled ? pausedChecks(operation) : []),
    // It makes the cookies of all servers of the backend; those that have theirs get the same again.
    ...(operation.dynamicCookie ? [`enable dynamic-cookie backend ${operation.backend}`] : []),
    ...(operation.disabled ? [] : [setState(operation, 'ready')]),
  ];
}

/** Checks pause when a server enters maintenance, and this one was in it before its checks began. */
const pausedChecks = (operation: Extract<Operation, { kind: 'add-server' }>): string[] =>
  operation.check || operation.agentCheck ? [setState(operation, 'drain'), setState(operation, 'maint')] : [];

function takeBackCommands(operation: Extract<Operation, { kind: 'take-back-server' }>): string[] {
  return [
    ...(operation.address ? [setAddress(operation, operation.address)] : []),
    ...(operation.weight === undefined ? [] : [setWeight(operation, operation.weight)]),
    ...(operation.agentCheck ? [`enable agent ${at(operation)}`] : []),
    setState(operation, operation.disabled ? 'maint' : 'ready'),
  ];
}

const setCertificate = (name: string): string[] => [
  `set ssl cert ${cliWord(name)} <<`,
  `commit ssl cert ${cliWord(name)}`,
];

function mapEdit(name: string, edit: Extract<Operation, { kind: 'edit-map' }>['edits'][number]): string {
  const place = `${cliWord(name)} ${cliWord(edit.key)}`;
  return edit.kind === 'del' ? `del map ${place}` : `${edit.kind} map ${place} ${cliWord(edit.value)}`;
}
