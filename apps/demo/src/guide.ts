import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type PodServer, type Stack, pod, repositoryRoot, temporaryFolder } from '@flotilla/testkit';

/** What one can try, in lines of at most 80 columns: long values stand in a file of variables for another terminal. */
export function writeGuide(stack: Stack, spare: PodServer): { readonly text: string; readonly file: string } {
  const keys = `${stack.etcd.url}/v2/keys/registry`;
  const nodes = stack.nodes.map(({ httpPort }) => `http://127.0.0.1:${httpPort}`);
  const variables = {
    ...stack.env,
    ETCD2BASE: stack.etcd.url,
    ...Object.fromEntries(nodes.map((url, at) => [`NODE${at + 1}`, url])),
    ...Object.fromEntries(stack.renderers.map(({ pid }, at) => [`RENDERER${at + 1}`, String(pid)])),
    PODS: `${keys}/pods/default`,
    CONFIG: `${keys}/configmaps/lb/config`,
    POD: JSON.stringify(pod({ name: spare.name, ip: spare.host, labels: { app: 'shop' } })),
    BROKEN: JSON.stringify({ data: { template: '{% for' } }),
  };
  const cli = join(repositoryRoot(), 'apps/cli/bin/flotilla.mjs');
  const file = join(temporaryFolder('demo').path, 'env');
  const lines = Object.entries(variables).map(([name, value]) => `export ${name}=${quoted(value)}`);
  // It holds the key of this run.
  writeFileSync(file, `${lines.join('\n')}\nalias flotilla=${quoted(`node ${quoted(cli)}`)}\n`, { mode: 0o600 });
  const text = `
  etcd (v2 API)  ${stack.etcd.url}
  Redis          ${stack.redis.url}
${stack.nodes
  .map(
    ({ name, httpPort, httpsPort }) => `  ${name}         http://127.0.0.1:${httpPort}  https://127.0.0.1:${httpsPort}`,
  )
  .join('\n')}

  To try the following, in another terminal and this folder:

  . ${file}

  See it       curl -H 'Host: shop.example.com' $NODE1
  Add a pod    curl -so/dev/null -XPUT $PODS/${spare.name} --data-urlencode value="$POD"
  Remove it    curl -so/dev/null -XDELETE $PODS/${spare.name}
  Break it     curl -so/dev/null -XPUT $CONFIG --data-urlencode value="$BROKEN"
  Mend it      node examples/load.mjs examples/https
  Certificate  node examples/new-certificate.mjs www.example.com
  Kill a part  kill -9 $RENDERER1
  Ask          flotilla status

  Ctrl-C stops everything and leaves nothing behind. From here on, one line for
  each change:
`;
  return { text, file };
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
