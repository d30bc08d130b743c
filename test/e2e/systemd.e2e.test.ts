import { randomBytes } from 'node:crypto';
import { readFileSync, readdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import {
  type EtcdClient,
  type Machine,
  type PodServer,
  bootMachine,
  cleanUp,
  EtcdClient as Etcd,
  freePort,
  loadClient,
  repositoryRoot,
  startEtcd,
  startRedis,
  waitFor,
  whyNoMachine,
} from '@flotilla/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { World, ask, exampleTemplate, service, startPods } from './world.ts';

const host = 'shop.example.com';
const units = ['flotilla-watcher', 'flotilla-renderer', 'flotilla-agent'];
const missing = whyNoMachine();
const title = missing === undefined ? 'the systemd units' : `the systemd units (skipped: ${missing})`;

describe.skipIf(missing !== undefined)(title, () => {
  let machine: Machine;
  let world: World;
  let store: EtcdClient;
  let pods: Record<string, PodServer>;
  let httpPort: number;

  const systemctl = (...args: string[]) => machine.run('systemctl', ...args);
  const show = async (unit: string, property: string): Promise<string> =>
    (await systemctl('show', '--value', '--property', property, unit)).trim();
  const answers = () =>
    waitFor(async () => (await ask({ httpPort }, host)).status === 200, {
      what: `${host} to be served`,
      deadlineMs: 30_000,
    });
  /** Users and programs of what runs in a unit, as `user command`. */
  const processes = async (unit: string): Promise<string[]> => {
    const lines = (await machine.run('ps', '-e', '-o', 'pid=,user:32=,comm=,unit:64=')).split('\n');
    return lines
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , name]) => name === `${unit}.service`)
      .map(([pid, user, command]) => `${pid} ${user} ${command}`);
  };
  const masterOf = async (): Promise<string> =>
    (await processes('flotilla-agent')).find((line) => line.endsWith(' root haproxy')) ?? '';

  beforeAll(async () => {
    const [etcd, redis] = await Promise.all([startEtcd(), startRedis()]);
    store = new Etcd(etcd.url);
    world = new World(store);
    httpPort = await freePort();
    const started = await startPods(['shop-1', 'shop-2']);
    pods = started.pods;
    await world.template(exampleTemplate('http'));
    await world.services({ shop: service('shop', started.port) });
    await world.pod('shop-1', 'shop', pods['shop-1'] as PodServer);

    const root = repositoryRoot();
    machine = await bootMachine({
      '/opt/flotilla-1': root,
      '/opt/flotilla-2': root,
      '/usr/local/bin/node': realpathSync(process.execPath),
    });
    // As docs/operations.md says.
    await machine.run('ln', '-s', '/opt/flotilla-1', '/opt/flotilla');
    const folder = join(root, 'deploy/systemd');
    for (const name of readdirSync(folder).filter((file) => file.endsWith('.service'))) {
      machine.write(`/etc/systemd/system/${name}`, readFileSync(join(folder, name), 'utf8'));
    }
    const environment = readFileSync(join(folder, 'flotilla.env'), 'utf8')
      .replace('redis://10.0.0.2:6379', redis.url)
      .replace('http://10.0.0.1:2379', etcd.url);
    // Never the default ports: others may run on them.
    machine.write(
      '/etc/flotilla/flotilla.env',
      `${environment}FLOTILLA_HTTP=127.0.0.1:0\nHTTP_BIND=127.0.0.1:${httpPort}\n`,
    );
    machine.write('/etc/flotilla/key', `${randomBytes(32).toString('base64')}\n`, 0o600);
    await systemctl('daemon-reload');
  });

  afterAll(cleanUp);

  it('are well-formed', async () => {
    const said = await machine.run(
      'systemd-analyze',
      'verify',
      ...units.map((unit) => `/etc/systemd/system/${unit}.service`),
    );
    expect(said).toBe('');
  });

  it('start, and the chain serves', async () => {
    await systemctl('start', ...units);
    await answers().catch(async (cause: unknown) => {
      throw new Error(await machine.run('journalctl', '--no-pager', '-n', '60', '-o', 'cat'), { cause });
    });
    for (const unit of units) expect(await show(unit, 'NRestarts'), unit).toBe('0');
  });

  it('give root to nobody who can do without it', async () => {
    expect((await processes('flotilla-watcher')).filter((line) => line.includes(' root '))).toEqual([]);
    expect((await processes('flotilla-renderer')).filter((line) => line.includes(' root '))).toEqual([]);
    const haproxy = (await processes('flotilla-agent')).filter((line) => line.endsWith(' haproxy'));
    expect(haproxy.map((line) => line.split(' ')[1]).sort()).toEqual(['haproxy', 'root']);
    // Nobody but root reads the key in its place, or in a service's copy of it.
    for (const unit of units) {
      const copies = await machine.run('find', `/run/credentials/${unit}.service`, '-perm', '/077');
      expect(copies, unit).toBe('');
    }
  });

  it('restart, reload and are upgraded without a failed request, and HAProxy stays', async () => {
    const master = await masterOf();
    expect(master).not.toBe('');
    const load = loadClient({ url: `http://127.0.0.1:${httpPort}/`, headers: { host }, connections: 2, pauseMs: 5 });
    await systemctl('restart', ...units);
    await world.pod('shop-2', 'shop', pods['shop-2'] as PodServer);
    await waitFor(async () => (await ask({ httpPort }, host)).pod === 'shop-2', {
      what: 'the new pod to serve',
      deadlineMs: 60_000,
    });
    await machine.run('ln', '-sfn', '/opt/flotilla-2', '/opt/flotilla');
    for (const unit of ['flotilla-agent', 'flotilla-renderer', 'flotilla-watcher']) await systemctl('restart', unit);
    await systemctl('reload', 'flotilla-agent');
    await world.removePod('shop-1');
    await waitFor(async () => load.count().ok > 0 && !(await isServedBy('shop-1')), {
      what: 'the removed pod to go',
      deadlineMs: 60_000,
    });
    expect(await masterOf()).toBe(master);
    expect((await load.stop()).reasons).toEqual({});
  });

  it('stop: HAProxy serves on without its agent, and ends when it is asked to', async () => {
    await systemctl('stop', ...units);
    expect(await show('flotilla-agent', 'Result')).toBe('success');
    expect((await ask({ httpPort }, host)).status).toBe(200);
    await systemctl('kill', '--kill-whom=all', 'flotilla-agent');
    await waitFor(async () => (await processes('flotilla-agent')).length === 0, { what: 'HAProxy to end' });
    await systemctl('start', 'flotilla-agent');
    await answers();
  });

  async function isServedBy(pod: string): Promise<boolean> {
    for (let request = 0; request < 8; request++) if ((await ask({ httpPort }, host)).pod === pod) return true;
    return false;
  }
});
