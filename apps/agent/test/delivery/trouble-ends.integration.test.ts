import { createServer } from 'node:net';
import { cleanUp, freePort, haproxyOf, onCleanup, waitFor } from '@flotilla/testkit';
import { afterEach, test } from 'vitest';
import { startFleet } from '../fleet.ts';
import { answers, ask, config, startNode } from '../node.ts';

afterEach(cleanUp);

test('a trouble ends when what it was about is gone: a server that could not be removed, and a new HAProxy', async () => {
  const fleet = await startFleet();
  // No look comes before the sweep of removed servers.
  const node = await startNode(fleet, { FLOTILLA_VERIFY_MS: '60000' });
  const port = await freePort();
  let connected = 0;
  // A pod that takes a request and never answers keeps its server from leaving.
  const pod = createServer((socket) => {
    connected++;
    socket.resume();
  }).listen(port, '127.0.0.1');
  onCleanup(() => {
    pod.close();
  });
  await fleet.answerTo(await fleet.publish({ 'haproxy.cfg': config(node.port, 'hello', [`127.0.0.1:${port}`]) }));
  const asked = ask(node, '/pods');
  await waitFor(() => connected > 0, { what: 'the request at the pod' });
  await fleet.answerTo(await fleet.publish({ 'haproxy.cfg': config(node.port, 'hello') }));
  const stopped = haproxyOf(node.dataDir);
  for (const pid of stopped) process.kill(pid, 'SIGSTOP');
  await waitFor(() => node.log.some(({ msg }) => /^removing servers failed/.test(msg ?? '')), {
    what: 'the trouble',
    deadlineMs: 20_000,
  });
  for (const pid of stopped) process.kill(pid, 'SIGKILL');
  await asked;
  await answers(node, 'hello');
  await waitFor(() => node.problem() === undefined, { what: 'the trouble to end', deadlineMs: 15_000 });
});
