#!/usr/bin/env node
// Writes manifests to etcd2, where Kubernetes keeps them: node examples/load.mjs examples/http
// The store is ETCD2BASE (default http://127.0.0.1:2379). With kubectl: kubectl apply -f examples/http
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';

const path = process.argv[2];
if (!path) {
  console.error('usage: [ETCD2BASE=http://127.0.0.1:2379] node examples/load.mjs FOLDER-OR-FILE');
  process.exit(64);
}
// Any member of a cluster will do.
const [first] = (process.env.ETCD2BASE || 'http://127.0.0.1:2379').split(',');
const base = first.trim().replace(/\/$/, '');
const resources = { ConfigMap: 'configmaps', Secret: 'secrets', Pod: 'pods' };

const isManifest = (name) => /\.(ya?ml|json)$/.test(name) && !/\.test\.ya?ml$/.test(name);
const files = statSync(path).isFile()
  ? [path]
  : readdirSync(path)
      .filter(isManifest)
      .sort()
      .map((name) => join(path, name));

/** As the API server stores it: in a namespace, a secret's plain text as base64. */
function stored({ stringData, ...object }) {
  const plain = Object.entries(stringData ?? {}).map(([key, text]) => [key, Buffer.from(text).toString('base64')]);
  return {
    ...object,
    metadata: { namespace: 'default', ...object.metadata },
    ...(plain.length > 0 && { data: { ...object.data, ...Object.fromEntries(plain) } }),
  };
}

async function write(object) {
  if (object?.kind === 'List') for (const item of object.items) await write(item);
  const resource = resources[object?.kind];
  if (!resource) return;
  const { metadata, ...rest } = stored(object);
  const key = `registry/${resource}/${metadata.namespace}/${metadata.name}`;
  const body = new URLSearchParams({ value: JSON.stringify({ metadata, ...rest }) });
  const response = await fetch(`${base}/v2/keys/${key}`, { method: 'PUT', body });
  if (!response.ok) throw new Error(`${key}: etcd answered ${response.status} ${await response.text()}`);
  console.log(`wrote /${key}`);
}

try {
  for (const file of files) {
    for (const document of parseAllDocuments(readFileSync(file, 'utf8'))) {
      if (document.errors.length > 0) throw new Error(`${file}: ${document.errors[0].message}`);
      await write(document.toJS());
    }
  }
} catch (error) {
  console.error(`error: ${error.cause ? `etcd at ${base} cannot be reached: ${error.cause.message}` : error.message}`);
  process.exit(1);
}
