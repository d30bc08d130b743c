import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type App,
  type Prometheus,
  type Stack,
  type StackNode,
  cleanUp,
  registryKey,
  repositoryRoot,
  startApp,
  startPrometheus,
  startStack,
  temporaryFolder,
  waitFor,
} from '@flotilla/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
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
  const fires = (alert: string, labels: readonly string[] = []) =>
    waitFor(async () => (await prometheus.firing(labels)).includes(alert), {
      what: `${alert} to fire`,
      deadlineMs: 40_000,
      everyMs: 250,
    }).catch(async (cause: unknown) => {
      throw new Error(`firing: ${(await prometheus.firing(labels)).join(', ')}`, { cause });
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
      `#!/bin/sh\n[ -e ${refusal} ] && { echo '[ALERT] config : refused by the test'; exit 1; }\nexec ${binary} "$@"\n`,
      { mode: 0o755 },
    );
    stack = await startStack(
      {
        nodes: 2,
        renderers: 2,
        persist: true,
        rendererEnv: { FLOTILLA_HAPROXY: checker },
        agentEnv: { FLOTILLA_RELOAD_INTERVAL_MS: '0' },
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
    await fires(`FlotillaNodeDown{instance="${await address(node(0).agent)}"}`, ['instance']);
    await node(0).restart();
    await watchEverything();
    await isQuiet();
  });

  it('tell that all renderers are dead, and that changes wait', async () => {
    await Promise.all(stack.renderers.map((renderer) => renderer.kill()));
    await fires('FlotillaNoRenderer');
    await world.services({ shop: service('shop', port), blog: service('blog', port) });
    await fires('FlotillaChangesStuck{fleet="lb"}', ['fleet']);
    stack.renderers.splice(0, 2, await stack.startRenderer(), await stack.startRenderer());
    await watchEverything();
    await isQuiet();
  });

  it('tell that no watcher is left', async () => {
    await stack.watcher.kill();
    await fires('FlotillaNoWatcher');
    stack.watcher = await stack.startWatcher();
    await watchEverything();
    await isQuiet();
  });

  it('tell that Redis is away, at all who need it', async () => {
    await stack.redis.kill();
    await fires('FlotillaNotReady{job="flotilla-watcher",check="redis"}', ['job', 'check']);
    await fires('FlotillaNotReady{job="flotilla-renderer",check="redis"}', ['job', 'check']);
    await fires('FlotillaNodeNotFollowing{node="node-1"}', ['node']);
    await stack.redis.restart();
    await isQuiet();
  });

  it('tell which node has another key', async () => {
    const good = node(1).agent;
    await good.stop();
    node(1).agent = await startApp('agent', {
      ...stack.env,
      FLOTILLA_KEY: randomBytes(32).toString('base64'),
      FLOTILLA_NODE: 'node-2',
      FLOTILLA_DATA_DIR: good.dataDir,
      HTTP_BIND: `127.0.0.1:${node(1).httpPort}`,
      HTTPS_BIND: `127.0.0.1:${node(1).httpsPort}`,
    });
    await watchEverything();
    await fires('FlotillaNodeNotFollowing{node="node-2"}', ['node']);
    expect(await prometheus.firing(['node'])).not.toContain('FlotillaNodeNotFollowing{node="node-1"}');
    await node(1).agent.stop();
    await node(1).restart();
    await watchEverything();
    await isQuiet();
  });

  it('tell that a fleet is held, and that an entry is set aside', async () => {
    const keys = ['config', 'services'].map((name) => registryKey('configmaps', 'lb', name));
    await Promise.all(keys.map((key) => stack.store.del(key)));
    await fires('FlotillaFleetHeld{fleet="lb"}', ['fleet']);
    await world.template(exampleTemplate('http'));
    await world.services({ shop: service('shop', port), blog: '{"not": json' });
    await fires('FlotillaEntriesSetAside{fleet="lb"}', ['fleet']);
    await world.services({ blog: undefined });
    await isQuiet();
  });

  it('tell that a version was taken back', async () => {
    writeFileSync(refusal, '');
    await world.pod('shop-9', 'shop', { host: '127.9.9.9' });
    await fires('FlotillaVersionTakenBack{fleet="lb"}', ['fleet']);
    rmSync(refusal);
    expect(existsSync(refusal)).toBe(false);
    await world.removePod('shop-9');
    await isQuiet();
  });
});
