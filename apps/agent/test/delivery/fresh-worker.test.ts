import type { RuntimeSocket } from '@flotilla/haproxy';
import { expect, test } from 'vitest';
import { createDriftWatch } from '../../src/delivery/drift-watch.ts';
import { placeArtifact } from '../../src/store/placed-release.ts';
import { artifact } from '../artifacts.ts';
import { contextOf, runningWorker, settle } from '../context.ts';

const config = 'backend web\n  server a 127.0.0.1:1\n';

/** A node whose HAProxy was reloaded by somebody, and runs server `a` at another address than the file says. */
function node(text: string) {
  const asked: string[] = [];
  const columns = 'be_name srv_id srv_name srv_addr srv_port srv_uweight srv_admin_state srv_agent_state';
  const socket: RuntimeSocket = {
    where: 'nowhere',
    ask: (command) => {
      asked.push(command);
      return Promise.reject(new Error('enough is known'));
    },
    askAll: (commands) => {
      asked.push(...commands);
      return Promise.resolve(commands.map(() => `1\n# ${columns}\nweb 1 a 127.0.0.9 1 1 0 0\n`));
    },
  };
  const placed = placeArtifact(artifact(1, { 'haproxy.cfg': text }), '/current');
  const running = { ...runningWorker(2), release: placed.manifest.digest };
  const context = contextOf({
    haproxy: { look: () => Promise.resolve({ kind: 'running', running }), runtime: () => socket },
    store: { writeState: () => undefined },
  });
  settle(context, placed, runningWorker(1));
  return { asked, watch: createDriftWatch(context) };
}

const look = async (text: string): Promise<string[]> => {
  const { asked, watch } = node(text);
  for (let count = 0; count < 3; count++) await watch.look(new AbortController().signal);
  return asked.filter((command) => command.startsWith('set '));
};

test('what somebody changed between a reload and the first look is undone', async () => {
  expect((await look(config)).join('\n')).toContain('set server web/a addr 127.0.0.1 port 1');
});

test('what a worker has from a server state file stays', async () => {
  expect(await look(`defaults\n  load-server-state-from-file global\n${config}`)).toEqual([]);
});
