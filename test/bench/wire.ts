/**
 * The baseline: a wire from etcd to HAProxy's socket, and nothing else. It streams etcd's events and adds or removes a
 * server of one backend for each ready pod of one app. No rendering, no queue, no files, no checks.
 *
 * - `calls` uses the socket as its manual shows it: a connection for each command, and its answer is waited for.
 * - `blind` is the least that can be done: one connection held open, and no answer is read.
 *
 * argv: etcd URL, HAProxy's stats socket, backend, app label, port of the pods, `calls` or `blind`.
 */
import { connect } from 'node:net';
import { request } from 'undici';

const [etcd = '', socketPath = '', backend = '', app = '', port = '', kind = ''] = process.argv.slice(2);

const tell = kind === 'blind' ? blindly() : call;

function blindly(): (command: string) => Promise<void> {
  const haproxy = connect(socketPath);
  haproxy.write('prompt\n');
  haproxy.resume();
  return (command) => {
    haproxy.write(`${command}\n`);
    return Promise.resolve();
  };
}

function call(command: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const haproxy = connect(socketPath).once('end', resolve).once('error', reject);
    haproxy.resume().end(`${command}\n`);
  });
}

interface Event {
  action: string;
  node: { key: string; value?: string };
}

async function apply(event: Event): Promise<void> {
  const name = event.node.key.split('/').at(-1) ?? '';
  if (event.action === 'delete') {
    const server = `${backend}/${name}`;
    if (!name.startsWith(`${app}-`)) return;
    await tell(`set server ${server} state maint`);
    await tell(`shutdown sessions server ${server}`);
    await tell(`del server ${server}`);
    return;
  }
  const pod = JSON.parse(event.node.value ?? '{}') as {
    metadata: { labels?: { app?: string } };
    status: { podIP?: string };
  };
  if (pod.metadata.labels?.app !== app) return;
  const server = `${backend}/${name}`;
  await tell(`add server ${server} ${pod.status.podIP}:${port}`);
  await tell(`enable server ${server}`);
}

const { body } = await request(`${etcd}/v2/keys/registry/pods?wait=true&recursive=true&stream=true`, {
  bodyTimeout: 0,
  headersTimeout: 0,
});
process.stdout.write('ready\n');
let rest = '';
for await (const chunk of body) {
  const lines = (rest + String(chunk)).split('\n');
  rest = lines.pop() ?? '';
  for (const line of lines) if (line) await apply(JSON.parse(line) as Event);
}
