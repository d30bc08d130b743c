import { crtBase, fileUses } from '../model/file-use.ts';
import { cliWord } from '../plan/cli-text.ts';
import { indexFiles, type FileIndex } from '../plan/file-index.ts';
import { inOrder, type Operation, type Plan, type ReloadReason } from '../plan/operation.ts';
import { configFile } from '../plan/findings.ts';
import { fingerprintOf } from '../plan/pem.ts';
import type { Release } from '../plan/release.ts';
import { parseCertificate, parseCrtListState } from './certificate-state.ts';
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
}

/**
 * Compares everything HAProxy runs with a release: after a reload, at the agent's start, and every few seconds. Someone
 * used the socket by hand, HAProxy restarted with other files, an update was lost in a reload. Contents of maps are left
 * out: `set-map` actions change them by design. Throws `HaproxySocketError` or `UnknownAnswerError`.
 */
export function findDrift(socket: RuntimeSocket, release: Release, options: DriftOptions): Promise<Drift[]> {
  return options.removals.exclusive(async () => [
    ...(await serverDrift(socket, release, options.removals)),
    ...(options.certificates === false ? [] : await certificateDrift(socket, release)),
  ]);
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

async function serverDrift(socket: RuntimeSocket, release: Release, removals: PendingRemovals): Promise<Drift[]> {
  const states = new Map<string, Map<string, ServerState>>();
  for (const state of parseServersState(await socket.ask('show servers state'))) {
    const servers = states.get(state.backend) ?? new Map<string, ServerState>();
    servers.set(state.name, state);
    states.set(state.backend, servers);
  }
  return release.config.sections
    .filter((section) => section.isProxy)
    .flatMap((section) => backendDrift(expectedBackend(release.config, section), states.get(section.name), removals));
}

function backendDrift(
  expected: ExpectedBackend,
  found: ReadonlyMap<string, ServerState> | undefined,
  removals: PendingRemovals,
): Drift[] {
  const backend = expected.section.name;
  const drift = [...expected.servers.values()].flatMap((server) => driftOf(backend, server, found?.get(server.name)));
  for (const state of found?.values() ?? []) {
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
  const { address, weight } = server;
  if (address) add(difference({ address }), { kind: 'set-address', ...place, address });
  if (weight !== undefined) add(difference({ weight }), { kind: 'set-weight', ...place, weight });
  const wantedState = server.disabled ? 'maint' : 'ready';
  add(difference({ state: wantedState }), { kind: 'set-state', ...place, state: wantedState });
  return drift;
}

async function certificateDrift(socket: RuntimeSocket, release: Release): Promise<Drift[]> {
  const index = indexFiles(release, fileUses(release.config), crtBase(release.config));
  return [...(await fingerprintDrift(socket, release, index)), ...(await listDrift(socket, index))];
}

async function fingerprintDrift(socket: RuntimeSocket, release: Release, index: FileIndex): Promise<Drift[]> {
  const held = [...index.certificates].flatMap(([name, file]) => {
    const wanted = file === undefined ? undefined : fingerprintOf(release.files.get(file)?.read() ?? '');
    return wanted === undefined || file === undefined ? [] : [{ name, file, wanted }];
  });
  const answers = await socket.askAll(held.map(({ name }) => `show ssl cert ${cliWord(name)}`));
  return held.flatMap(({ name, file, wanted }, at): Drift[] => {
    const found = parseCertificate(answers[at] ?? '')?.fingerprint;
    if (found === wanted) return [];
    const mend: Operation | undefined = found === undefined ? undefined : { kind: 'replace-certificate', name, file };
    return [{ what: `certificate ${name}`, wanted, found: found ?? 'absent', mend }];
  });
}

async function listDrift(socket: RuntimeSocket, index: FileIndex): Promise<Drift[]> {
  const answers = await socket.askAll(index.lists.map(({ name }) => `show ssl crt-list -n ${cliWord(name)}`));
  return index.lists.flatMap(({ name, members }, at): Drift[] => {
    const wanted = members
      .map(({ certificate }) => certificate)
      .sort()
      .join(' ');
    const found = parseCrtListState(answers[at] ?? '')
      .sort()
      .join(' ');
    return wanted === found ? [] : [{ what: `list ${name}`, wanted, found, mend: undefined }];
  });
}
