import { open, readdir, readlink } from 'node:fs/promises';
import { type Endpoint, shortForm } from './binds.ts';

/**
 * The TCP addresses that processes listen on, by their open descriptors (proc(5), `/proc/<pid>/net/tcp`); undefined when
 * they cannot be looked at.
 */
export async function listeningOn(pids: readonly number[]): Promise<Endpoint[] | undefined> {
  try {
    const inodes = new Set((await Promise.all(pids.map(socketsOf))).flat());
    const [first] = pids;
    const tables = await Promise.all(['tcp', 'tcp6'].map((name) => readTable(`/proc/${first}/net/${name}`)));
    return tables.flat().flatMap((row) => (inodes.has(row.inode) ? [row.endpoint] : []));
  } catch {
    return undefined;
  }
}

async function socketsOf(pid: number): Promise<string[]> {
  const folder = `/proc/${pid}/fd`;
  const links = await Promise.all((await readdir(folder)).map((fd) => readlink(`${folder}/${fd}`).catch(() => '')));
  return links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []);
}

interface Row {
  readonly inode: string;
  readonly endpoint: Endpoint;
}

// `sl local_address rem_address st …`; state 0A listens. The tenth column is the inode.
const row = /^\s*\d+: ([0-9A-F]+):([0-9A-F]{4}) [0-9A-F]+:[0-9A-F]{4} ([0-9A-F]{2}) (?:\S+\s+){5}(\d+)/;

/** Those that listen stand first (`tcp_seq_start` in Linux), before a hundred thousand connections. */
async function readTable(path: string): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const line of linesOf(path)) {
    const [, address = '', port = '', state = '', inode = ''] = row.exec(line) ?? [];
    if (address === '') continue; // The heading.
    if (state !== '0A') break;
    rows.push({
      inode,
      endpoint: { kind: 'tcp', host: hostOf(address), port: Number.parseInt(port, 16), v6only: false },
    });
  }
  return rows;
}

/** Nothing where there is no such file: a machine without IPv6. */
async function* linesOf(path: string): AsyncGenerator<string> {
  const file = await open(path).catch(() => undefined);
  if (!file) return;
  try {
    yield* file.readLines();
  } finally {
    await file.close().catch(() => undefined); // At its end it is closed already.
  }
}

/** Words of four bytes in the order of the machine's memory: little endian. */
function hostOf(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) => (word.match(/../g) ?? []).reverse());
  if (bytes.length === 4) return bytes.map((byte) => Number.parseInt(byte, 16)).join('.');
  const groups = Array.from({ length: 8 }, (_, at) => `${bytes[2 * at]}${bytes[2 * at + 1]}`);
  return shortForm(groups.join(':'));
}
