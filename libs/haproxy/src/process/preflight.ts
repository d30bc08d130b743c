import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { reasonOf } from '@flotilla/domain';
import type { ConfigModel } from '../model/config.ts';
import { setting } from '../model/file-use.ts';
import { type Bind, type Endpoint, bindsOf, covers, isSame, placeOf } from './binds.ts';
import { type Evaluate, effectiveConfig } from './effective-config.ts';
import { environmentOf } from './environment.ts';
import { fdDemandOf, fdShortage } from './fd-demand.ts';
import { listeningOn } from './listening.ts';
import { type Trial, hasSameRights, tryBinds, tryIdentity } from './trial.ts';

/**
 * What `haproxy -c` does not see, looked at before a reload is spent on it. A reload that cannot bind an address stops
 * all listeners for one or two seconds before it rolls back, and a worker that cannot change its root or user ends when
 * the one before it has been told to leave.
 */
export interface Preflight {
  readonly wanted: ConfigModel;
  /** What runs now. */
  readonly live: ConfigModel;
  readonly master: number;
  /** Processes that hold the listeners. */
  readonly workers: readonly number[];
  readonly binary: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Why a reload would fail, one reason a line, undefined when nothing is known to be in its way. What cannot be known
 * here is for HAProxy to judge: another container, other rights, conditions that only it can read.
 */
export async function preflight(options: Preflight): Promise<string | undefined> {
  const { master, binary, timeoutMs, signal } = options;
  const environment = await environmentOf(master);
  const evaluate = evaluateWith(binary);
  const { model: wanted, ...rest } = await effectiveConfig(options.wanted, environment, evaluate);
  const shortage = await fdShortage(fdDemandOf(wanted), master);
  if (shortage !== undefined) return shortage;
  if (!(await hasSameRights(master))) return undefined;
  const trial = { binary, environment: rest.environment, timeoutMs, signal };
  const { model: live } = await effectiveConfig(options.live, environment, evaluate);
  // Where nothing can be tried (no room for a file, no process), HAProxy finds out.
  const unknown = () => {
    signal?.throwIfAborted();
    return [];
  };
  const reasons = [
    ...(await refusedBinds(wanted, live, options.workers, trial).catch(unknown)),
    ...(await tryIdentity(wanted, trial).catch(unknown)),
    ...(await pidFileProblem(wanted)),
  ];
  return reasons.length > 0 ? reasons.join('\n') : undefined;
}

/** HAProxy's own answer (`-cc`, from 2.5 on); anything but yes and no is none. */
const evaluateWith =
  (binary: string): Evaluate =>
  (condition, env) =>
    promisify(execFile)(binary, ['-cc', condition], { env, timeout: 5_000 }).then(
      () => true,
      (error: unknown) => ((error as { code?: unknown }).code === 1 ? false : undefined),
    );

/** Binds that no running listener has yet are tried. */
async function refusedBinds(
  wanted: ConfigModel,
  live: ConfigModel,
  workers: readonly number[],
  trial: Trial,
): Promise<string[]> {
  const known = bindsOf(live).flatMap(({ endpoints }) => endpoints);
  const fresh = bindsOf(wanted).filter(({ endpoints }) => endpoints.some((one) => !isHeld(known, one)));
  if (fresh.length === 0) return [];
  const held = [...known, ...((await listeningOn(workers)) ?? [])];
  const noReuse = /^[ \t]*noreuseport\b/m.test(wanted.text);
  const inTheWay = (one: Endpoint) =>
    held.some(
      (other) => covers(other, one) || (noReuse && 'port' in one && 'port' in other && one.port === other.port),
    );
  const shared = fresh.filter(({ endpoints }) => endpoints.some(inTheWay));
  const free = fresh.filter((bind) => !shared.includes(bind));
  const absent = await Promise.all(
    shared.map(async (bind) => {
      // A listener beside the running one would take connections from it, so it is only looked for the address.
      const words = await absence(bind, held);
      return words === undefined ? [] : [`${placeOf(wanted, bind)}: ${words}`];
    }),
  );
  const refused = free.length > 0 ? await tryBinds(free, wanted, trial) : [];
  return [...absent.flat(), ...refused.map(({ bind, words }) => `${placeOf(wanted, bind)}: ${words}`)];
}

const isHeld = (held: readonly Endpoint[], one: Endpoint): boolean => held.some((other) => isSame(other, one));

/** Why an address cannot be bound on this node, whatever its port. */
async function absence({ endpoints, options }: Bind, held: readonly Endpoint[]): Promise<string | undefined> {
  const hosts = endpoints.flatMap((one) => (one.kind === 'tcp' && !isHeld(held, one) ? [one.host] : []));
  if (options.some((word) => word === 'transparent' || word === 'namespace' || word === 'interface')) return undefined;
  for (const host of new Set(hosts)) {
    const code = await bindCode(host);
    if (code === 'EADDRNOTAVAIL') return `cannot bind socket (Cannot assign requested address) for [${host}]`;
  }
  return undefined;
}

const bindCode = (host: string): Promise<string | undefined> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', ({ code }: NodeJS.ErrnoException) => {
      resolve(code);
    });
    server.listen({ host, port: 0 }, () =>
      server.close(() => {
        resolve(undefined);
      }),
    );
  });

/** From 3.1 on the master ends when it cannot write its pid, and the new worker serves already. */
async function pidFileProblem(wanted: ConfigModel): Promise<string[]> {
  const path = setting(wanted, 'pidfile');
  if (path === undefined || !path.startsWith('/')) return [];
  const problem = await access(dirname(path), constants.W_OK | constants.X_OK).then(() => undefined, reasonOf);
  return problem === undefined ? [] : [`pidfile ${path} cannot be written: ${problem}`];
}
