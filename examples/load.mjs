#!/usr/bin/env node
// Writes a folder of manifests to etcd2, where Kubernetes keeps them: node examples/load.mjs examples/http
// The store is ETCD2BASE (default http://127.0.0.1:2379). With kubectl: kubectl apply -f examples/http
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';

const folder = process.argv[2];
if (!folder) {
  console.error('usage: [ETCD2BASE=http://127.0.0.1:2379] node examples/load.mjs FOLDER');
  process.exit(64);
}
const base = (process.env.ETCD2BASE || 'http://127.0.0.1:2379').replace(/\/$/, '');
const resources = { ConfigMap: 'configmaps', Secret: 'secrets', Pod: 'pods' };

for (const file of readdirSync(folder).filter((name) => name.endsWith('.yaml')).sort()) {
  for (const document of parseAllDocuments(readFileSync(join(folder, file), 'utf8'))) {
    const object = document.toJS();
    const resource = resources[object?.kind];
    if (!resource) continue;
    const path = `registry/${resource}/${object.metadata.namespace}/${object.metadata.name}`;
    const response = await fetch(`${base}/v2/keys/${path}`, {
      method: 'PUT',
      body: new URLSearchParams({ value: JSON.stringify(object) }),
    });
    if (!response.ok) throw new Error(`${path}: etcd answered ${response.status} ${await response.text()}`);
    console.log(`wrote /${path}`);
  }
}
