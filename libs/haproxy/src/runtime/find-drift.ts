import { unreadableSection } from '../model/config.ts';
import { inOrder, type Operation, type Plan, type ReloadReason } from '../plan/operation.ts';
import { configFile } from '../plan/findings.ts';
import type { Release } from '../plan/release.ts';
import { certificateDrift } from './certificate-drift.ts';
import { expectedBackend, type ExpectedBackend, type ExpectedServer } from './expected-servers.ts';
import type { PendingRemovals } from './pending-removals.ts';
import { compareServer, type Difference } from './read-back.ts';
import { parseServersState, type ServerState } from './server-state.ts';
import type { RuntimeSocket } from './socket.ts';

/** Something HAProxy runs otherwise than the files say, and the operation that mends it; without one only a reload does. */
export interface Drift extends Difference {
  readonly mend: Operation | undefined;
}

export interface DriftOptions {
  readonly removals: PendingRemovals;
  /** Also compare the fingerprint of every certificate; one short command each. Default true. */
  readonly certificates?: boolean;
  /** Something more urgent came up: the comparison is broken off with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Backends asked for at once: between two such steps the process does other things. */
const backendsPerStep = 20;
const noBackend = /^Can't find backend\./;

/**
 * Compares everything HAProxy runs with a release: after a reload, at the agent's start, and every few seconds. Someone
 * used the socket by hand, HAProxy restarted with other files, an update was lost in a reload. Contents of maps are left
 * out: `set-map` actions change them by design. A configuration with conditional blocks cannot be compared: which of its
 * lines are in force only HAProxy knows. Throws `HaproxySocketError` or `UnknownAnswerError`.
 */
export function findDrift(socket: RuntimeSocket, release: Release, options: DriftOptions): Promise<Drift[]> {
  return options.removals.exclusive(async () => {
    options.signal?.throwIfAborted();
    if (unreadableSection(release.config)) return [];
    const servers = await serverDrift(socket, release, options);
    const certificates = options.certificates === false ? [] : await certificateDrift(socket, release, options.signal);
    return [...servers, ...certificates];
  });
}

/** The plan that undoes drift: operations where all of it can be undone so, else a reload. */
export function mendingPlan(drift: readonly Drift[]): Plan {
  if (drift.length === 0) return { kind: 'none' };
  const operations = drift.flatMap(({ mend }) => (mend ? [mend] : []));
  if (operations.length === drift.length) return { kind: 'runtime', operations: inOrder(operations) };
  const worst = drift.find(({ mend }) => !mend);
  const why = `HAProxy runs ${worst?.what ?? ''} as "${worst?.found ?? ''}" instead of "${worst?.wanted ?? ''}"`;
  const reason: ReloadReason = { file: configFile, line: undefined, text: '', why };
  return { kind: 'reload', reason, operations: [] };
}

async function serverDrift(socket: RuntimeSocket, release: Release, options: DriftOptions): Promise<Drift[]> {
  const { removals, signal } = options;
  const proxies = release.config.sections.filter((section) => section.isProxy);
  const drift: Drift[] = [];
  for (let at = 0; at < proxies.length; at += backendsPerStep) {
    const step = proxies.slice(at, at + backendsPerStep);
    const answers = await socket.askAll(
      step.map(({ name }) => `show servers state ${name}`),
      { signal },
    );
    step.forEach((section, index) => {
      const found = statesOf(answers[index] ?? '');
      drift.push(...backendDrift(expectedBackend(release.config, section), found, removals));
    });
  }
  return drift;
}

function statesOf(answer: string): ReadonlyMap<string, ServerState> {
  if (noBackend.test(answer)) return new Map();
  return new Map(parseServersState(answer).map((state) => [state.name, state]));
}

function backendDrift(
  expected: ExpectedBackend,
  found: ReadonlyMap<string, ServerState>,
  removals: PendingRemovals,
): Drift[] {
  if (expected.disabled) return [];
  const backend = expected.section.name;
  const drift = [...expected.servers.values()].flatMap((server) => driftOf(backend, server, found.get(server.name)));
  for (const state of found.values()) {
    const known = expected.servers.has(state.name) || expected.templates.some((template) => template.test(state.name));
    if (known || (removals.get(backend, state.name) && state.admin !== 'ready')) continue;
    drift.push({
      what: `server ${backend}/${state.name}`,
      wanted: 'absent',
      found: state.admin,
      mend: strayServer(backend, state),
    });
  }
  return drift;
}

/** Its options are not known, so it is never taken back: a server of its name that returns means a reload. */
const strayServer = (backend: string, { name, weight, agent }: ServerState): Operation => ({
  kind: 'remove-server',
  backend,
  server: name,
  via: 'drain',
  address: undefined,
  weight,
  options: 'unknown',
  agentCheck: agent,
});

function driftOf(backend: string, server: ExpectedServer, state: ServerState | undefined): Drift[] {
  const place = { backend, server: server.name };
  const difference = (wanted: Parameters<typeof compareServer>[1]) =>
    compareServer(`${backend}/${server.name}`, wanted, state);
  if (!state) {
    const absent = difference({});
    return absent ? [{ ...absent, mend: undefined }] : [];
  }
  const drift: Drift[] = [];
  const add = (found: Difference | undefined, mend: Operation | undefined) => {
    if (found) drift.push({ ...found, mend });
  };
  const { address, weight, state: wantedState } = server;
  if (address) add(difference({ address }), { kind: 'set-address', ...place, address });
  if (weight !== undefined) add(difference({ weight }), { kind: 'set-weight', ...place, weight });
  if (wantedState) add(difference({ state: wantedState }), { kind: 'set-state', ...place, state: wantedState });
  return drift;
}
