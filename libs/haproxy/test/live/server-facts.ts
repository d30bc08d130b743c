import type { LiveHaproxy } from './live-haproxy.ts';

type Row = ReadonlyMap<string, string>;

const rows = (text: string, separator: string): Row[] => {
  const [header = '', ...lines] = text.split('\n').filter((line) => line !== '' && line !== '1');
  const names = header.replace(/^# /, '').split(separator);
  return lines.map((line) => new Map(line.split(separator).map((cell, at) => [names[at] ?? '', cell])));
};

/** Of `show servers state`: what the file decides. Order, most ids, and what checks found out are HAProxy's own. */
const stateColumns = [
  ...['srv_addr', 'srv_port', 'srv_uweight', 'srv_fqdn', 'srv_use_ssl'],
  ...['srv_check_port', 'srv_check_addr', 'srv_agent_addr', 'srv_agent_port'],
];
/** Of `show stat`. */
const statColumns = ['slim', 'qlimit', 'cookie', 'check_rise', 'check_fall', 'agent_rise', 'agent_fall', 'mode'];

/** Backends whose hashing goes by ids. */
const hashed: ReadonlySet<string> = new Set(['be3']);

/** Of `show servers conn`: how connections are kept for reuse. */
const connColumns = ['purge_delay', 'idle_lim'];

/** Maintenance and drain set by hand or by the file; whether checks and agent are configured and run. */
const flags = (row: Row): string => {
  const bits = (column: string, mask: number) => Number(row.get(column) ?? 0) & mask;
  const admin = bits('srv_admin_state', 0x09);
  return `admin ${admin} check ${bits('srv_check_state', 0x06)} agent ${bits('srv_agent_state', 0x06)}`;
};

/**
 * Every server of the backends `be…` that is not on its way out, as one line of all that the file decides.
 * The file's `check` is paused and not ended by maintenance, so it counts as running there.
 */
export async function serverFacts({ socket, removals }: LiveHaproxy): Promise<string[]> {
  const [states = '', stats = '', conns = ''] = await socket.askAll([
    'show servers state',
    'show stat -1 4 -1',
    'show servers conn',
  ]);
  const conn = new Map(rows(conns, ' ').map((row) => [row.get('bkname/svname') ?? '', row]));
  const stat = new Map(rows(stats, ',').map((row) => [`${row.get('pxname')}/${row.get('svname')}`, row]));
  return rows(states, ' ')
    .filter((row) => row.get('be_name')?.startsWith('be'))
    .filter((row) => removals.get(row.get('be_name') ?? '', row.get('srv_name') ?? '') === undefined)
    .map((row) => {
      const name = `${row.get('be_name')}/${row.get('srv_name')}`;
      const own = stat.get(name);
      return [
        name,
        flags(row),
        ...(hashed.has(row.get('be_name') ?? '') ? [`id ${row.get('srv_id')}`] : []),
        ...stateColumns.map((column) => `${column} ${row.get(column)}`),
        ...statColumns.map((column) => `${column} ${own?.get(column)}`),
        ...connColumns.map((column) => `${column} ${conn.get(name)?.get(column)}`),
      ].join(', ');
    })
    .sort();
}
