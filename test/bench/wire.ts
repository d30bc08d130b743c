/**
 * The baseline: a wire from etcd to HAProxy's socket, and nothing else. It streams etcd's events and adds or removes a
 * server of one backend for each ready pod of one app. No rendering, no queue, no files, no checks.
 *
 * argv: etcd URL, HAProxy's stats socket, backend, app label, port of the pods.
 */
import { connect } from 'node:net';
import { request } from 'undici';

const [etcd = '', socketPath = '', backend = '', app = '', port = ''] = process.argv.slice(2);

const haproxy = connect(socketPath);
haproxy.write('prompt\n');
haproxy.resume();

interface Event {
  action: string;
  node: { key: string; value?: string };
}

function apply(event: Event): void {
  const name = event.node.key.split('/').at(-1) ?? '';
  if (event.action === 'delete') {
    const server = `${backend}/${name}`;
    if (name.startsWith('wire-'))
      haproxy.write(`set server ${server} state maint;shutdown sessions server ${server};del server ${server}\n`);
    return;
  }
  const pod = JSON.parse(event.node.value ?? '{}') as {
    metadata: { labels?: { app?: string } };
    status: { podIP?: string };
  };
  if (pod.metadata.labels?.app !== app) return;
  const server = `${backend}/${name}`;
  haproxy.write(`add server ${server} ${pod.status.podIP}:${port};enable server ${server}\n`);
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
  for (const line of lines) if (line) apply(JSON.parse(line) as Event);
}
