/** What a node has on its disk and what its HAProxy runs, as far as it can be seen from outside. */
import { X509Certificate } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type CertificatePair, haproxyCommand, haproxyOf } from '@flotilla/testkit';
import { type ExpectedService, expectedConfig, expectedHosts } from './fleet-template.ts';
import { servedFingerprint } from '../e2e/world.ts';
import type { Node } from './world.ts';

export interface Expected {
  readonly round: number;
  readonly services: readonly ExpectedService[];
  readonly certificates: Readonly<Record<string, CertificatePair>>;
}

export const masterSocket = ({ dataDir }: Node): string => join(dataDir, 'run/master.sock');

/** Where the worker that serves is reached: the agent's own configuration says it. */
export function statsSocket({ dataDir }: Node): string {
  try {
    const own = readFileSync(join(dataDir, 'current/flotilla.cfg'), 'utf8');
    return /stats socket '?([^' ]+)/.exec(own)?.[1] ?? '';
  } catch {
    return '/nowhere';
  }
}

/** How a node differs from what it should run; empty when it does not. */
export async function differences(node: Node, expected: Expected): Promise<string[]> {
  const found = [...fileDifferences(node, expected), ...processDifferences(node)];
  return [...found, ...(await runningDifferences(node, expected))].map((text) => `${node.name}: ${text}`);
}

function fileDifferences(node: Node, { round, services, certificates }: Expected): string[] {
  const current = join(node.dataDir, 'current');
  const read = (path: string): string => {
    try {
      return readFileSync(join(current, path), 'utf8').replaceAll(current, '@');
    } catch (error) {
      return `(${(error as NodeJS.ErrnoException).code})`;
    }
  };
  const pems = Object.entries(certificates).map(([name, { key, cert }]) => ({
    path: `ssl/${name}.pem`,
    wanted: `${key}${cert}`,
  }));
  return [
    { path: 'haproxy.cfg', wanted: expectedConfig(round, services) },
    { path: 'files/hosts.map', wanted: expectedHosts(services) },
    ...pems,
  ].flatMap(({ path, wanted }) => {
    const text = read(path);
    return normal(text) === normal(wanted) ? [] : [`${path}: ${firstDifference(text, wanted)}`];
  });
}

const normal = (text: string): string => text.replace(/\n+/g, '\n').trim();

function firstDifference(found: string, wanted: string): string {
  const [a, b] = [normal(found).split('\n'), normal(wanted).split('\n')];
  const at = b.findIndex((line, index) => line !== a[index]);
  const line = at < 0 ? b.length : at;
  return `line ${line + 1} is "${a[line] ?? '(none)'}" instead of "${b[line] ?? '(none)'}"`;
}

/** A master, a worker, and for a while those of former configurations. */
function processDifferences({ dataDir }: Node): string[] {
  const count = haproxyOf(dataDir).length;
  return count > 3 || count < 2 ? [`${count} processes of HAProxy`] : [];
}

async function runningDifferences(node: Node, { round, services, certificates }: Expected): Promise<string[]> {
  const ask = (command: string): Promise<string> => haproxyCommand(statsSocket(node), command, 5_000);
  const info = await ask('show info');
  const maxconn = /^Maxconn: (\d+)$/m.exec(info)?.[1];
  const state = await ask('show servers state');
  const hosts = await ask(`show map ${join(node.dataDir, 'current/files/hosts.map')}`);
  const mapped = hosts.split('\n').map((line) => line.split(' ').slice(1).join(' '));
  return [
    ...(maxconn === String(round) ? [] : [`HAProxy runs maxconn ${maxconn} instead of ${round}`]),
    ...setDifference('server', serversOf(state), services.flatMap(wantedServers)),
    ...setDifference('host', mapped.filter(Boolean), expectedHosts(services).split('\n').filter(Boolean)),
    ...(await certificateDifferences(node, certificates, ask)),
  ];
}

/** Everything of a server that HAProxy derives from its line, its number included where servers are chosen by it. */
const wantedServers = ({ name, entry, pods }: ExpectedService): string[] =>
  pods.map(
    (pod, at) =>
      `${name}/${pod.name} ${pod.ip}:${entry.port} admin 0 weight ${entry.weight}` +
      (entry.balance === 'source' ? ` id ${at + 1}` : ''),
  );

function serversOf(state: string): string[] {
  const lines = state.split('\n');
  const names = (lines.find((line) => line.startsWith('# ')) ?? '').slice(2).split(' ');
  const rows = lines
    .filter((line) => /^\d+ \S+ \d+ /.test(line))
    .map((line) => {
      const words = line.split(' ');
      return (name: string): string => words[names.indexOf(name)] ?? '';
    });
  return rows.map(
    (of) =>
      `${of('be_name')}/${of('srv_name')} ${of('srv_addr')}:${of('srv_port')} admin ${of('srv_admin_state')} ` +
      `weight ${of('srv_uweight')} id ${of('srv_id')}`,
  );
}

function setDifference(what: string, found: readonly string[], wanted: readonly string[]): string[] {
  const fits = (one: string, other: string): boolean => one === other || one.startsWith(`${other} id `);
  return [
    ...wanted.filter((each) => !found.some((other) => fits(other, each))).map((each) => `${what} ${each} is missing`),
    ...found.filter((each) => !wanted.some((other) => fits(each, other))).map((each) => `${what} ${each} is too much`),
  ];
}

async function certificateDifferences(
  node: Node,
  certificates: Expected['certificates'],
  ask: (command: string) => Promise<string>,
): Promise<string[]> {
  const found: string[] = [];
  const served = new Set<string>();
  for (const [name, { cert }] of Object.entries(certificates)) {
    const wanted = new X509Certificate(cert);
    const path = join(node.dataDir, `current/ssl/${name}`);
    const said = /^SHA1 FingerPrint: (\w+)$/m.exec(await ask(`show ssl cert ${path}`))?.[1];
    if (said !== wanted.fingerprint.replaceAll(':', '')) found.push(`certificate ${name} is ${said}`);
    served.add(wanted.fingerprint256);
  }
  const answer = await servedFingerprint(node.httpsPort, 'shop.example.com');
  if (!served.has(answer)) found.push(`a certificate is served that none of the fleet is: ${answer}`);
  return found;
}

/** What must not grow: open files of the programs, and what the agent keeps on its disk. */
export function leaks(node: Node): string[] {
  const count = (folder: string): number => readdirSync(join(node.dataDir, folder)).length;
  return (['releases', 'trees', 'check'] as const).flatMap((folder) => {
    try {
      return count(folder) > 40 ? [`${node.name}: ${count(folder)} entries in ${folder}`] : [];
    } catch {
      return [];
    }
  });
}

export function openFiles(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return 0;
  }
}
