import { cpSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:net';
import { type Child, startChild, untilReady } from './child.ts';
import { type TemporaryFolder, temporaryFolder } from './folder.ts';
import { freePort } from './port.ts';

export interface RedisOptions {
  /** Keeps its data over a restart (append-only file); without it a restart starts empty. */
  persist?: boolean;
  /** Where its data goes; a temporary folder unless given. */
  dir?: string;
  /** A free one unless given. */
  port?: number;
}

export interface RedisServer {
  url: string;
  port: number;
  pid(): number;
  stop(): Promise<void>;
  /** SIGKILL unless another signal is given; SIGSTOP and SIGCONT freeze and thaw it. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Ends it when it still runs and starts it again on the same port: with its data, with none, or with those of a copy. */
  restart(options?: { wipe?: boolean; from?: string }): Promise<void>;
  /** Copies its data as a crash now would leave them, and gives back the folder, which ends with it. */
  copyData(): Promise<string>;
  /** Empties it (FLUSHALL) while it runs. */
  flush(): Promise<void>;
}

/** A Redis on loopback with the policy that a queue needs (`noeviction`). */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const folder = options.dir === undefined ? temporaryFolder('redis', { inMemory: true }) : undefined;
  const dir = options.dir ?? folder?.path ?? '';
  const port = options.port ?? (await freePort());

  const launch = async (): Promise<Child> => {
    const child = await startChild('redis-server', [
      ...['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', ''],
      ...['--maxmemory-policy', 'noeviction', '--appendonly', options.persist ? 'yes' : 'no'],
      ...['--loglevel', 'notice', '--daemonize', 'no'],
    ]);
    await untilReady(child, 'redis-server', async () => (await command(port, 'PING')).startsWith('+PONG'));
    return child;
  };
  let child = await launch();
  const copies: TemporaryFolder[] = [];

  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    pid: () => child.pid,
    kill: (signal = 'SIGKILL') => child.kill(signal),
    stop: async () => {
      await child.stop();
      for (const each of [folder, ...copies]) each?.remove();
    },
    restart: async ({ wipe = false, from } = {}) => {
      // What it would still write at its end is what a copy lacks.
      if (from !== undefined) await child.kill('SIGKILL');
      await child.stop();
      if (wipe || from !== undefined)
        for (const name of readdirSync(dir)) rmSync(join(dir, name), { recursive: true, force: true });
      if (from !== undefined) cpSync(from, dir, { recursive: true });
      child = await launch();
    },
    copyData: async () => {
      const copy = temporaryFolder('redis-copy', { inMemory: true });
      copies.push(copy);
      // It stands still meanwhile: an append-only file that is being written is not copied by half.
      await child.kill('SIGSTOP');
      try {
        cpSync(dir, copy.path, { recursive: true });
      } finally {
        await child.kill('SIGCONT');
      }
      return copy.path;
    },
    flush: async () => {
      await command(port, 'FLUSHALL');
    },
  };
}

/** One inline command and its one-line answer; enough for a health check. */
function command(port: number, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(`${line}\r\n`));
    socket.setTimeout(5_000, () => socket.destroy(new Error(`redis did not answer ${line}`)));
    socket.once('error', reject);
    socket.once('data', (answer) => {
      socket.destroy();
      const text = answer.toString();
      if (text.startsWith('-')) reject(new Error(`redis ${line}: ${text.trim()}`));
      else resolve(text);
    });
  });
}
