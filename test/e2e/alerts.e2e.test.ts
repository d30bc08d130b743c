import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type App,
  type Prometheus,
  type Stack,
  type StackNode,
  cleanUp,
  haproxyCommand,
  haproxyOf,
  openWebSocket,
  registryKey,
  repositoryRoot,
  startApp,
  startPrometheus,
  staleParts,
  staleRenders,
  startStack,
  temporaryFolder,
  waitFor,
} from '@flotilla/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderQueue } from '@flotilla/domain';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { parse } from 'yaml';
import { bundleApp } from '../../apps/renderer/test/bundled.ts';
import { World, exampleTemplate, servedBy, service, startPods } from './world.ts';

const host = 'shop.example.com';
const rulesFile = join(repositoryRoot(), 'deploy/prometheus/rules.yml');
const missing = spawnSync('promtool', ['--version']).error
  ? 'Prometheus is not installed (Debian: prometheus)'
  : undefined;
const title = missing === undefined ? 'the alerts' : `the alerts (skipped: ${missing})`;

describe.skipIf(missing !== undefined)(title, () => {
  let stack: Stack;
  let world: World;
  let prometheus: Prometheus;
  let refusal: string;
  let port: number;
  const node = (at: number) => stack.nodes[at] as StackNode;

  const address = async (app: App) => new URL(await app.http()).host;
  /** Tells Prometheus where every program is, as after a restart that took another port. */
  const watchEverything = async () => {
    const of = (apps: readonly App[]) => Promise.all(apps.map(address));
    prometheus.targets({
      'flotilla-watcher': await of([stack.watcher]),
      'flotilla-renderer': await of(stack.renderers),
      'flotilla-agent': await of(stack.nodes.map(({ agent }) => agent)),
    });
  };
  const metricsOf = async (app: App) => (await fetch(`${await app.http()}/metrics`)).text();
  const fires = (alert: string, labels: readonly string[] = []) =>
    waitFor(async () => (await prometheus.firing(labels)).includes(alert), {
      what: `${alert} to fire`,
      deadlineMs: 40_000,
      everyMs: 250,
    }).catch(async (cause: unknown) => {
      throw new Error(`firing: ${(await prometheus.firing(labels)).join(', ')}`, { cause });
    });
  /** Every alert that there is reason for has fired by now, and of those that are known to be no other. */
  const firesAlone = async (alerts: readonly string[], labels: readonly string[] = []) => {
    for (const alert of alerts) await fires(alert, labels);
    await sleep(3_000);
    expect([...new Set(await prometheus.firing(labels))]).toEqual([...alerts].sort());
  };
  /** The node has heard of a version that it does not run. */
  const isNodeBehind = ({ agent }: StackNode) =>
    waitFor(
      async () => {
        const text = await metricsOf(agent);
        const of = (name: string) => new RegExp(`^flotilla_agent_${name}_version\\{.*\\} (\\d+)$`, 'm').exec(text)?.[1];
        return of('desired') !== of('applied');
      },
      { what: 'a version that the node does not run' },
    );
  const isBehind = () =>
    waitFor(async () => /^flotilla_fleet_behind\{.*\} 1$/m.test(await metricsOf(stack.watcher)), {
      what: 'a change that waits',
    });
  const isQuiet = () =>
    waitFor(async () => (await prometheus.firing()).length === 0, {
      what: 'every alert to end',
      deadlineMs: 50_000,
      everyMs: 250,
    }).catch(async (cause: unknown) => {
      throw new Error(`firing: ${(await prometheus.firing(['instance', 'check', 'node'])).join(', ')}`, { cause });
    });

  beforeAll(async () => {
    const started = await startPods(['shop-1', 'shop-2']);
    port = started.port;
    // HAProxy's check by the renderers refuses everything while the file is there.
    refusal = join(temporaryFolder('refusal').path, 'refuse');
    const checker = `${refusal}-haproxy`;
    const binary = execFileSync('/bin/sh', ['-c', 'PATH=$PATH:/usr/sbin command -v haproxy'], {
      encoding: 'utf8',
    }).trim();
    writeFileSync(
      checker,
      `#!/bin/sh\n[ "$1" = -c ] && [ -e ${refusal} ] && { echo '[ALERT] config : refused by the test'; exit 1; }\nexec ${binary} "$@"\n`,
      { mode: 0o755 },
    );
    stack = await startStack(
      {
        nodes: 2,
        renderers: 2,
        persist: true,
        rendererEnv: { FLOTILLA_HAPROXY: checker },
        agentEnv: { FLOTILLA_RELOAD_INTERVAL_MS: '0', FLOTILLA_MAX_OLD_WORKERS: '1' },
      },
      async (store) => {
        world = new World(store);
        await world.template(exampleTemplate('http'));
        await world.services({ shop: service('shop', port) });
        await world.pod('shop-1', 'shop', started.pods['shop-1'] as { host: string });
      },
    );
    await servedBy(stack, host, ['shop-1']);
    prometheus = await startPrometheus(rulesFile);
    await watchEverything();
    await waitFor(
      async () => Object.values(await prometheus.health()).filter((health) => health === 'up').length === 5,
      {
        what: 'every program to be read',
        deadlineMs: 30_000,
      },
    );
  });
  afterAll(cleanUp);

  it('are rules that Prometheus takes, and each says what to do', () => {
    execFileSync('promtool', ['check', 'rules', rulesFile], { stdio: 'pipe' });
    execFileSync('promtool', ['check', 'config', join(rulesFile, '../prometheus.yml')], { stdio: 'pipe' });
    const { groups } = parse(readFileSync(rulesFile, 'utf8')) as {
      groups: { rules: { alert: string; annotations?: { summary?: string; action?: string } }[] }[];
    };
    const wordless = groups
      .flatMap(({ rules }) => rules)
      .filter(({ annotations }) => !annotations?.summary || !annotations.action);
    expect(wordless).toEqual([]);
  });

  it('read metrics whose names and types are as they should be, and which exist', async () => {
    const texts: string[] = [];
    for (const app of [stack.watcher, node(0).agent, ...stack.renderers]) {
      const text = await (await fetch(`${await app.http()}/metrics`)).text();
      expect(spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' }).stderr, app.name).toBe('');
      texts.push(text);
    }
    // Either renderer may have had the job.
    const [watcher = '', agent = '', ...renderers] = texts;
    const renderer = renderers.join('\n');
    for (const name of new Set(readFileSync(rulesFile, 'utf8').match(/flotilla_\w+/g)))
      expect(new RegExp(`^${name}[{ ]`, 'm').test(watcher + renderer + agent), name).toBe(true);
    // What can be counted stands at 0 before it happens for the first time, so that the first time is seen.
    expect(agent).toMatch(/flotilla_agent_acks_total\{how="runtime",node="node-1",fleet="lb"\} 0/);
    expect(renderer).toMatch(/flotilla_late_checks_total\{fleet="lb",outcome="refused"\} 0/);
    expect(watcher).toMatch(/flotilla_inputs_write_failures_total\{fleet="lb"\} 0/);
  });

  it('are quiet while all is well', async () => {
    await isQuiet();
  });

  it('tell of a node whose agent is dead', async () => {
    await node(0).agent.kill();
    await firesAlone([`FlotillaNodeDown{instance="${await address(node(0).agent)}"}`], ['instance']);
    await node(0).restart();
    await watchEverything();
    await isQuiet();
  });

  it('tell that all renderers are dead, whatever waits for them', async () => {
    await Promise.all(stack.renderers.map((renderer) => renderer.kill()));
    await fires('FlotillaNoRenderer');
    await world.services({ shop: service('shop', port), blog: service('blog', port) });
    await isBehind();
    await firesAlone(['FlotillaNoRenderer']);
    stack.renderers.splice(0, 2, await stack.startRenderer(), await stack.startRenderer());
    await watchEverything();
    await isQuiet();
  });

  it('tell that changes do not become a version', async () => {
    await world.template('{% for');
    await firesAlone(['FlotillaChangesStuck{fleet="lb"}'], ['fleet']);
    await world.template(exampleTemplate('http'));
    await isQuiet();
  });

  it('tell that no watcher is left', async () => {
    await stack.watcher.kill();
    await firesAlone(['FlotillaNoWatcher']);
    stack.watcher = await stack.startWatcher();
    await watchEverything();
    await isQuiet();
  });

  it('tell that Redis is away, at all who need it', async () => {
    await stack.redis.kill();
    await firesAlone(
      ['agent', 'renderer', 'watcher'].map((job) => `FlotillaNotReady{job="flotilla-${job}",check="redis"}`),
      ['job', 'check'],
    );
    await stack.redis.restart();
    await isQuiet();
  });

  it('tell which node has another key', async () => {
    const good = node(1).agent;
    await good.kill();
    node(1).agent = await startApp('agent', {
      ...stack.env,
      FLOTILLA_KEY: randomBytes(32).toString('base64'),
      FLOTILLA_NODE: 'node-2',
      FLOTILLA_DATA_DIR: good.dataDir,
      HTTP_BIND: `127.0.0.1:${node(1).httpPort}`,
      HTTPS_BIND: `127.0.0.1:${node(1).httpsPort}`,
    });
    try {
      await watchEverything();
      // What it has it knows; what comes it cannot open.
      await world.template(`${exampleTemplate('http')}\n# one more line\n`);
      await firesAlone(['FlotillaNodeNotFollowing{node="node-2"}'], ['node']);
    } finally {
      await node(1).agent.stop();
      await node(1).restart();
      await watchEverything();
    }
    await isQuiet();
  });

  it('tell that a fleet is held, and that an entry is set aside', async () => {
    const keys = ['config', 'services'].map((name) => registryKey('configmaps', 'lb', name));
    await Promise.all(keys.map((key) => stack.store.del(key)));
    await firesAlone(['FlotillaFleetHeld{fleet="lb"}'], ['fleet']);
    await world.template(exampleTemplate('http'));
    await world.services({ shop: service('shop', port), blog: '{"not": json' });
    await firesAlone(['FlotillaEntriesSetAside{fleet="lb"}'], ['fleet']);
    await world.services({ blog: undefined });
    await isQuiet();
  });

  it('tell that a version was taken back', async () => {
    writeFileSync(refusal, '');
    try {
      await world.pod('shop-9', 'shop', { host: '127.9.9.9' });
      await fires('FlotillaVersionTakenBack{fleet="lb"}', ['fleet']);
    } finally {
      rmSync(refusal);
    }
    await world.removePod('shop-9');
    await isQuiet();
  });

  it('tell that an incremental render was wrong', async () => {
    await Promise.all(stack.renderers.map((renderer) => renderer.stop()));
    const { main, remove } = await bundleApp([staleRenders]);
    try {
      const env = { ...stack.env, FLOTILLA_RENDER_COMPARE_MS: '4000' };
      stack.renderers = [await startApp('renderer', env, [], main)];
      await watchEverything();
      const stale = `\n${staleParts.macro}{% for service in services %}# ${staleParts.call}\n{% endfor %}`;
      await world.template(exampleTemplate('http') + stale, { seen: staleParts.seen });
      const metrics = async () => (await fetch(`${await stack.renderers[0]?.http()}/metrics`)).text();
      await waitFor(async () => (await metrics()).includes('renders_total{fleet="lb",outcome="published"} 1'), {
        what: 'a render from nothing',
      });
      // A count that Prometheus has not seen at 0 does not rise for it.
      await waitFor(async () => Object.values(await prometheus.health()).every((health) => health === 'up'), {
        what: 'every program to be read',
        deadlineMs: 30_000,
      });
      await sleep(2_000);
      await world.services({ shop: service('shop', port), blog: service('blog', port) });
      await fires('FlotillaRenderWrong{fleet="lb"}', ['fleet']);
      await isQuiet();
    } finally {
      remove();
    }
  });

  it('tell that the store is away, and that one of the renderers is', async () => {
    await stack.etcd.kill();
    await firesAlone(['FlotillaStoreLost']);
    await stack.etcd.restart();
    await isQuiet();
    const [first] = stack.renderers;
    // The test before leaves one renderer.
    stack.renderers.push(await stack.startRenderer());
    await watchEverything();
    await isQuiet();
    await first?.kill();
    await firesAlone(['FlotillaProgramDown{job="flotilla-renderer"}'], ['job']);
    stack.renderers.splice(0, 1);
    await watchEverything();
    await isQuiet();
  });

  it('tell that the queue is paused, whatever waits for it', async () => {
    const connection = new Redis(stack.redis.url, { maxRetriesPerRequest: null });
    const queue = new Queue(renderQueue.name, { connection, prefix: renderQueue.prefix });
    try {
      await queue.pause();
      await fires('FlotillaQueuePaused');
      await world.template(`${exampleTemplate('http')}\n# one more line\n`);
      await isBehind();
      await firesAlone(['FlotillaQueuePaused']);
    } finally {
      await queue.resume();
      await queue.close();
      connection.disconnect();
    }
    await isQuiet();
  });

  it('tell of a HAProxy that does not answer, and not that its node is behind for it', async () => {
    const processes = haproxyOf(node(0).agent.dataDir);
    for (const pid of processes) process.kill(pid, 'SIGSTOP');
    try {
      await fires('FlotillaHaproxyDown{node="node-1"}', ['node']);
      await world.template(exampleTemplate('http'));
      await isNodeBehind(node(0));
      await firesAlone(['FlotillaHaproxyDown{node="node-1"}'], ['node']);
    } finally {
      for (const pid of processes) process.kill(pid, 'SIGCONT');
    }
    await isQuiet();
  });

  it('tell of a node that is behind without a reason', async () => {
    const hang = join(temporaryFolder('hang').path, 'hang');
    const good = node(1).agent;
    await good.stop();
    node(1).agent = await startApp('agent', {
      ...stack.env,
      FLOTILLA_NODE: 'node-2',
      FLOTILLA_DATA_DIR: good.dataDir,
      FLOTILLA_HAPROXY_MODE: 'command',
      FLOTILLA_HAPROXY_COMMAND: `while [ -e ${hang} ]; do sleep 0.1; done`,
    });
    try {
      await watchEverything();
      await isQuiet();
      writeFileSync(hang, '');
      await world.template(`${exampleTemplate('http')}\n# one more line\n`);
      await firesAlone(['FlotillaNodeBehind{node="node-2"}'], ['node']);
    } finally {
      rmSync(hang, { force: true });
      await node(1).agent.stop();
      await node(1).restart();
    }
    await watchEverything();
    await isQuiet();
  });

  it('tell of a reload that waits for old workers', async () => {
    const oldWorkers = (count: number) =>
      waitFor(
        async () =>
          new RegExp(`^flotilla_agent_old_workers\\{.*\\} ${count}$`, 'm').test(await metricsOf(node(0).agent)),
        { what: `${count} old workers`, deadlineMs: 30_000 },
      );
    // The one that is seen is to be the one that has the socket, and none of a reload before.
    await oldWorkers(0);
    const socket = await openWebSocket(node(0).httpPort, '/', host);
    try {
      await world.template(exampleTemplate('http').replace('5s', '6s'));
      await oldWorkers(1);
      await world.template(exampleTemplate('http').replace('5s', '7s'));
      // Neither that it is behind, which it is for that reason, nor the other node.
      await fires('FlotillaReloadWaits{node="node-1"}', ['node']);
      await isNodeBehind(node(0));
      await firesAlone(['FlotillaReloadWaits{node="node-1"}'], ['node']);
    } finally {
      socket.close();
    }
    await isQuiet();
  });

  it('do not take a HAProxy that cannot start for a reload that waits', async () => {
    const { agent, httpPort } = node(0);
    await agent.stop();
    const squatter = createServer().listen(httpPort, '127.0.0.1');
    try {
      await node(0).restart();
      await watchEverything();
      await node(0).agent.waitForLog(({ msg }) => msg === 'HAProxy is not at its version; trying again');
      await firesAlone(['FlotillaHaproxyDown{node="node-1"}'], ['node']);
    } finally {
      squatter.close();
    }
    await isQuiet();
  });

  it('tell that somebody used the admin socket', async () => {
    await haproxyCommand(join(node(0).agent.dataDir, 'run/stats.sock'), `set server shop/shop-1-${port} state maint`);
    await fires('FlotillaDrift{node="node-1"}', ['node']);
    await isQuiet();
  });

  it('tell that a node refuses a version', async () => {
    // The renderer's check cannot know that no node has this address.
    await world.template(`${exampleTemplate('http')}\nfrontend elsewhere\n  mode http\n  bind 192.0.2.1:81\n`);
    await firesAlone(['FlotillaNodeRefused{node="node-1"}', 'FlotillaNodeRefused{node="node-2"}'], ['node']);
    await world.template(exampleTemplate('http'));
    await isQuiet();
  });
});
