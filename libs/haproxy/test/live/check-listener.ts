import { createServer, type Socket } from 'node:net';
import { onCleanup } from '@flotilla/testkit';

export interface CheckListener {
  readonly port: number;
  /** What connections began with: `TLS`, `PROXY 1`, `PROXY 2`, a method of HTTP, or `nothing`. */
  kinds(): ReadonlySet<string>;
}

const kindOf = (bytes: Buffer): string => {
  if (bytes.length === 0) return 'nothing';
  const text = bytes.toString('latin1');
  const proxy = text.startsWith('PROXY ') ? 'PROXY 1' : text.startsWith('\r\n\r\n\0\r\nQUIT\n') ? 'PROXY 2' : undefined;
  const from = proxy === 'PROXY 1' ? text.indexOf('\n') + 1 : proxy ? 16 + bytes.readUInt16BE(14) : 0;
  const rest = bytes[from] === 0x16 ? 'TLS' : /^[A-Z]+/.exec(text.slice(from))?.[0];
  return [proxy, rest].filter((part) => part !== undefined).join(', ');
};

/** Takes connections and says how they began; it never answers. */
export async function checkListener(): Promise<CheckListener> {
  const kinds = new Set<string>();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let bytes = Buffer.alloc(0);
    socket.on('data', (chunk) => (bytes = Buffer.concat([bytes, chunk])));
    socket.on('error', () => undefined);
    socket.once('close', () => {
      sockets.delete(socket);
      kinds.add(kindOf(bytes));
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onCleanup(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { port: address.port, kinds: () => kinds };
}
