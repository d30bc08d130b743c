import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { cleanUp, onCleanup, tcpProxy, waitFor } from '../src/index.ts';

afterEach(cleanUp);

/** A server that says its name, then repeats what it hears. */
async function echo(name: string): Promise<number> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => undefined).write(name);
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onCleanup(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

function client(port: number) {
  const socket = connect(port, '127.0.0.1');
  const state = { heard: '', ended: '' };
  socket.on('data', (data) => (state.heard += data.toString()));
  socket.on('error', (error: NodeJS.ErrnoException) => (state.ended = error.code ?? 'error'));
  socket.on('close', () => (state.ended ||= 'closed'));
  onCleanup(() => {
    socket.destroy();
  });
  return { socket, state };
}

describe('the proxy', () => {
  it('freezes what is open and passes what is new', async () => {
    const proxy = await tcpProxy(await echo('a'));
    const old = client(proxy.port);
    await waitFor(() => old.state.heard === 'a', { what: 'the first connection' });
    proxy.freeze();
    old.socket.write('lost');
    const next = client(proxy.port);
    next.socket.write('1');
    await waitFor(() => next.state.heard === 'a1', { what: 'the second connection' });
    expect(old.state).toEqual({ heard: 'a', ended: '' });
  });

  it('resets, cuts, and passes again to another server', async () => {
    const proxy = await tcpProxy(await echo('a'));
    const first = client(proxy.port);
    await waitFor(() => first.state.heard === 'a', { what: 'the first connection' });
    proxy.reset();
    await waitFor(() => first.state.ended === 'ECONNRESET', { what: 'the reset' });
    proxy.cut();
    const second = client(proxy.port);
    await waitFor(() => second.state.ended !== '', { what: 'the cut' });
    expect(second.state.heard).toBe('');
    proxy.pointTo(await echo('b'));
    proxy.pass();
    const third = client(proxy.port);
    await waitFor(() => third.state.heard === 'b', { what: 'the other server' });
  });
});
