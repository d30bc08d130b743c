import { UnknownAnswerError } from '../process/processes.ts';

/** One server as `show servers state` prints it (management guide, 9.3). */
export interface ServerState {
  readonly backend: string;
  readonly id: number;
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly weight: number;
  readonly admin: 'ready' | 'drain' | 'maint';
  /** It has an agent, which may change its weight and state by itself. */
  readonly agent: boolean;
}

/**
 * What was set by hand or by the configuration; states inherited from a tracked server or a resolver are no drift.
 * `disabled` in the file sets 0x01 as well; its own flag 0x04 stays when the server is made ready, and says nothing then.
 */
const maintenance = 0x01;
const drained = 0x08;
const agentConfigured = 0x02;

const columns = {
  backend: 'be_name',
  id: 'srv_id',
  name: 'srv_name',
  address: 'srv_addr',
  port: 'srv_port',
  weight: 'srv_uweight',
  admin: 'srv_admin_state',
  agent: 'srv_agent_state',
} as const;

/** Reads format version 1. Throws `UnknownAnswerError` for anything else, also for an unknown backend. */
export function parseServersState(answer: string): ServerState[] {
  const [version, header = '', ...rows] = answer.split('\n');
  const names = header.replace(/^# /, '').split(' ');
  if (version !== '1' || !header.startsWith('# ')) throw new UnknownAnswerError('show servers state', answer);
  const at = (name: string): number => {
    const index = names.indexOf(name);
    if (index < 0) throw new UnknownAnswerError('show servers state', header);
    return index;
  };
  const places = Object.fromEntries(Object.entries(columns).map(([key, name]) => [key, at(name)])) as Record<
    keyof typeof columns,
    number
  >;
  return rows
    .filter((row) => row !== '' && !row.startsWith('#'))
    .map((row) => {
      const cells = row.split(' ');
      const cell = (column: keyof typeof columns): string => cells[places[column]] ?? '';
      const admin = Number(cell('admin'));
      return {
        backend: cell('backend'),
        id: Number(cell('id')),
        name: cell('name'),
        address: cell('address'),
        port: Number(cell('port')),
        weight: Number(cell('weight')),
        admin: admin & maintenance ? 'maint' : admin & drained ? 'drain' : 'ready',
        agent: (Number(cell('agent')) & agentConfigured) !== 0,
      };
    });
}

export interface BackendConnections {
  /** Of the backend; undefined when it has no servers. */
  readonly id: number | undefined;
  /** Connections in use by server name. In mode tcp and with `http-reuse never` HAProxy counts none. */
  readonly used: ReadonlyMap<string, number>;
}

/** From `show servers conn <backend>`. */
export function parseServerConnections(answer: string): BackendConnections {
  const [header = '', ...rows] = answer.split('\n');
  const used = header.replace(/^# /, '').split(' ').indexOf('used_cur');
  if (!header.startsWith('# bkname/svname bkid/svid ') || used < 0)
    throw new UnknownAnswerError('show servers conn', answer);
  const cells = rows.filter((row) => row !== '').map((row) => row.split(' '));
  const id = cells[0]?.[1]?.split('/')[0];
  return {
    id: id === undefined ? undefined : Number(id),
    used: new Map(cells.map((row) => [(row[0] ?? '').replace(/^[^/]*\//, ''), Number(row[used])])),
  };
}

/** The command for one backend's servers. With the sign its id is never taken for another proxy's name. */
export const showSessions = (backendId: number): string => `show stat +${backendId} 4 -1`;

/** Sessions that run on a server or wait for it, by server name, from `show stat` of one backend's servers. */
export function parseServerSessions(answer: string): ReadonlyMap<string, number> {
  const [header = '', ...rows] = answer.split('\n');
  const names = header.replace(/^# /, '').split(',');
  const [name, waiting, running] = ['svname', 'qcur', 'scur'].map((column) => names.indexOf(column));
  if (name === undefined || waiting === undefined || running === undefined || Math.min(name, waiting, running) < 0)
    throw new UnknownAnswerError('show stat', header);
  return new Map(
    rows
      .filter((row) => row !== '')
      .map((row) => {
        const cells = row.split(',');
        return [cells[name] ?? '', Number(cells[waiting]) + Number(cells[running])];
      }),
  );
}
