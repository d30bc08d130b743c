import { readFile } from 'node:fs/promises';
import type { ConfigModel } from '../model/config.ts';
import { setting } from '../model/file-use.ts';
import { bindsOf } from './binds.ts';

/** What a configuration needs of file descriptors. */
export interface FdDemand {
  /** `maxconn` of the global section; without one HAProxy takes what the limit allows. */
  readonly maxconn: number | undefined;
  /** `ulimit-n` of the global section: the limit HAProxy wants then, whatever it needs. */
  readonly ulimit: number | undefined;
  readonly listeners: number;
  readonly checkedServers: number;
}

export function fdDemandOf(config: ConfigModel): FdDemand {
  const proxies = config.sections.filter(({ isProxy }) => isProxy);
  return {
    maxconn: globalNumber(config, 'maxconn'),
    ulimit: globalNumber(config, 'ulimit-n'),
    listeners: bindsOf(config).length,
    // Every check has a connection of its own, and most servers of a backend are checked or none.
    checkedServers: proxies.reduce(
      (sum, { text }) => sum + count(text, /^[ \t]*server[ \t].*[ \t]check(?![-\w])/gm),
      0,
    ),
  };
}

function globalNumber(config: ConfigModel, keyword: string): number | undefined {
  const text = setting(config, keyword);
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

const count = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;

/** What HAProxy counts for itself; threads need a few more, so a budget that just fits may still be refused by it. */
const ownFds = 10;

/**
 * The limit HAProxy asks for at least: two a connection (client and server), one a listener and health check. When it
 * is not given that it ends (configuration manual, 3.1 "ulimit-n", "strict-limits"), and a reload would be spent on it.
 */
export const fdsNeeded = ({ maxconn, ulimit, listeners, checkedServers }: FdDemand): number =>
  ulimit !== undefined ? ulimit : maxconn === undefined ? 0 : 2 * maxconn + listeners + checkedServers + ownFds;

/** Why a process cannot have that many, in words; one that may raise its own limit (root) is not held to it. */
export async function fdShortage(demand: FdDemand, pid: number): Promise<string | undefined> {
  const needed = fdsNeeded(demand);
  const [limits, status] = await Promise.all(
    ['limits', 'status'].map((name) => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '')),
  );
  const hard = Number(/^Max open files\s+\S+\s+(\d+)/m.exec(limits ?? '')?.[1] ?? Infinity);
  // CAP_SYS_RESOURCE is bit 24 of the effective set (capabilities(7)).
  const capabilities = BigInt(`0x${/^CapEff:\s+([0-9a-f]+)/m.exec(status ?? '')?.[1] ?? '0'}`);
  const mayRaise = (capabilities >> 24n) % 2n === 1n;
  if (needed <= hard || mayRaise) return undefined;
  const cause = demand.ulimit === undefined ? `maxconn ${demand.maxconn}` : 'ulimit-n';
  return `${cause} needs about ${needed} file descriptors, but HAProxy's limit is ${hard}; raise it (LimitNOFILE) or lower ${cause.split(' ')[0]}`;
}
