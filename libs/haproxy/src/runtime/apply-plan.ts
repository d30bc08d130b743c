import { reasonOf } from '@flotilla/domain';
import { commandsOf, setState } from '../plan/commands.ts';
import type { Operation, Plan } from '../plan/operation.ts';
import type { Release } from '../plan/release.ts';
import { isAccepted } from './answers.ts';
import { addCertificate, removeCertificate, replaceCertificate } from './apply-certificates.ts';
import { editMap, replaceMap } from './apply-maps.ts';
import { Refused, type ApplyFailure } from './failure.ts';
import type { PendingRemovals } from './pending-removals.ts';
import type { RuntimeSocket } from './socket.ts';

export interface ApplyOptions {
  /** The release the plan leads to; certificates and maps are read from it. */
  readonly wanted: Release;
  readonly removals: PendingRemovals;
  readonly signal?: AbortSignal;
}

export interface ApplyStep {
  readonly name: 'certificates' | 'servers' | 'maps' | 'removals';
  readonly operations: number;
  readonly ms: number;
}

export type ApplyResult =
  | { readonly kind: 'applied'; readonly steps: readonly ApplyStep[] }
  /** HAProxy runs something between the two releases: reload, the files on disk are right. */
  | ({ readonly kind: 'failed'; readonly steps: readonly ApplyStep[] } & ApplyFailure);

const stepOf: Readonly<Record<Operation['kind'], ApplyStep['name']>> = {
  'add-certificate': 'certificates',
  'replace-certificate': 'certificates',
  'add-server': 'servers',
  'take-back-server': 'servers',
  'set-address': 'servers',
  'set-weight': 'servers',
  'set-maxconn': 'servers',
  'set-state': 'servers',
  'replace-map': 'maps',
  'edit-map': 'maps',
  'remove-server': 'removals',
  'remove-certificate': 'removals',
};

const order: readonly ApplyStep['name'][] = ['certificates', 'servers', 'maps', 'removals'];

/**
 * Carries out the operations of a plan: what adds first, what takes away last. Each step begins when the one before it
 * was answered as expected; the first other answer ends it all. Removed servers are only put aside here, see
 * `PendingRemovals`. Never throws for what HAProxy says or does not say; throws the signal's reason when it is aborted.
 */
export function applyPlan(socket: RuntimeSocket, plan: Plan, options: ApplyOptions): Promise<ApplyResult> {
  const operations = plan.kind === 'none' ? [] : plan.operations;
  return options.removals.exclusive(() => applyOperations(socket, operations, options));
}

async function applyOperations(
  socket: RuntimeSocket,
  operations: readonly Operation[],
  options: ApplyOptions,
): Promise<ApplyResult> {
  const steps: ApplyStep[] = [];
  for (const name of order) {
    const own = operations.filter(({ kind }) => stepOf[kind] === name);
    if (own.length === 0) continue;
    options.signal?.throwIfAborted();
    const started = performance.now();
    const failure = await attempt(own, options.signal, () =>
      name === 'servers' ? applyServers(socket, own, options) : applyEach(socket, own, options),
    );
    if (failure) return { kind: 'failed', steps, ...failure };
    steps.push({ name, operations: own.length, ms: performance.now() - started });
  }
  return { kind: 'applied', steps };
}

async function attempt(
  own: readonly Operation[],
  signal: AbortSignal | undefined,
  work: () => Promise<void>,
): Promise<ApplyFailure | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (error instanceof Refused) return error.failure;
    signal?.throwIfAborted();
    const [operation] = own;
    if (!operation) throw error;
    return { operation, command: commandsOf(operation)[0] ?? '', reply: reasonOf(error) };
  }
}

/** All server commands over one connection: they do not depend on each other's answers. */
async function applyServers(
  socket: RuntimeSocket,
  operations: readonly Operation[],
  { removals }: ApplyOptions,
): Promise<void> {
  await askEach(socket, operations, commandsOf);
  for (const operation of operations)
    if (operation.kind === 'take-back-server') removals.cancel(operation.backend, operation.server);
}

async function applyEach(
  socket: RuntimeSocket,
  operations: readonly Operation[],
  { wanted, removals }: ApplyOptions,
): Promise<void> {
  const leaving = operations.filter((operation) => operation.kind === 'remove-server');
  await askEach(socket, leaving, (operation) =>
    operation.kind === 'remove-server' ? [setState(operation, operation.via)] : [],
  );
  leaving.forEach((operation) => {
    removals.begin(operation);
  });
  for (const operation of operations) {
    if (operation.kind === 'replace-certificate')
      await replaceCertificate(socket, operation, operation.name, read(wanted, operation.file));
    else if (operation.kind === 'add-certificate')
      await addCertificate(socket, operation, operation.create ? read(wanted, operation.file) : '');
    else if (operation.kind === 'remove-certificate') await removeCertificate(socket, operation);
    else if (operation.kind === 'replace-map') await replaceMap(socket, operation, read(wanted, operation.file));
    else if (operation.kind === 'edit-map') await editMap(socket, operation);
  }
}

async function askEach(
  socket: RuntimeSocket,
  operations: readonly Operation[],
  commands: (operation: Operation) => string[],
): Promise<void> {
  const asked = operations.flatMap((operation) => commands(operation).map((command) => ({ operation, command })));
  if (asked.length === 0) return;
  const answers = await socket.askAll(
    asked.map(({ command }) => command),
    { readBack: true },
  );
  asked.forEach(({ operation, command }, at) => {
    const answer = answers[at] ?? '';
    if (!isAccepted(command, answer)) throw new Refused(operation, command, answer);
  });
}

function read(release: Release, file: string): string {
  const found = release.files.get(file);
  if (!found) throw new Error(`the release has no file ${file}`);
  return found.read();
}
