#!/usr/bin/env node
// Makes a self-signed certificate and adds it to the fleet `lb` in etcd2: node examples/new-certificate.mjs www.example.com
// The store is ETCD2BASE (default http://127.0.0.1:2379). Needs openssl.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const name = process.argv[2];
if (!name || !/^[a-z0-9.-]+$/.test(name)) {
  console.error('usage: [ETCD2BASE=http://127.0.0.1:2379] node examples/new-certificate.mjs HOST.NAME');
  process.exit(64);
}
const base = (process.env.ETCD2BASE || 'http://127.0.0.1:2379').replace(/\/$/, '');

const folder = mkdtempSync(join(tmpdir(), 'certificate-'));
const [keyFile, certificateFile] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
let key, certificate;
try {
  const names = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '365'];
  execFileSync('openssl', ['req', '-x509', ...kind, ...names, '-keyout', keyFile, '-out', certificateFile], {
    stdio: 'pipe',
  });
  [key, certificate] = [readFileSync(keyFile, 'utf8'), readFileSync(certificateFile, 'utf8')];
} finally {
  rmSync(folder, { recursive: true });
}

/** Adds one key to an object's data; the object is made when it is not there. */
async function add(resource, object, value) {
  const url = `${base}/v2/keys/registry/${resource}/lb/${object.metadata.name}`;
  const answer = await fetch(url);
  const stored = answer.ok ? JSON.parse((await answer.json()).node.value) : object;
  stored.data = { ...stored.data, [name]: value };
  const response = await fetch(url, { method: 'PUT', body: new URLSearchParams({ value: JSON.stringify(stored) }) });
  if (!response.ok) throw new Error(`etcd answered ${response.status} to ${url}`);
}

const metadata = (objectName) => ({ name: objectName, namespace: 'lb' });
await add(
  'secrets',
  { kind: 'Secret', apiVersion: 'v1', metadata: metadata('keys') },
  Buffer.from(key).toString('base64'),
);
await add('configmaps', { kind: 'ConfigMap', apiVersion: 'v1', metadata: metadata('certificates') }, certificate);
console.log(`added a certificate for ${name}`);
