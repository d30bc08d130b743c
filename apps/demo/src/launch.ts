import { join } from 'node:path';
import { fleetName } from '@flotilla/domain';
import { createJobHistory } from '@flotilla/queue';
import { readManifests } from '@flotilla/source';
import {
  type EtcdClient,
  type PodServer,
  pod,
  registryKey,
  repositoryRoot,
  startPodServer,
  startStack,
  waitFor,
} from '@flotilla/testkit';
import { createNodeReports } from '@flotilla/runtime';
import { Redis } from 'ioredis';
import { writeGuide } from './guide.ts';
import { Narrator } from './narrator.ts';
import { tellOfParts } from './parts.ts';

const fleet = fleetName('lb');
const example = 'examples/https';
/** The examples' services expect their pods on this port; the pods have loopback addresses of their own. */
const podPort = 8080;

/** Starts everything and tells what happens until the signal is aborted. */
export async function launchDemo(print: (line: string) => void, signal: AbortSignal): Promise<void> {
  print('starting etcd, Redis, the watcher, two renderers and two nodes …');
  const pods: PodServer[] = [];
  const stack = await startStack({ nodes: 2, renderers: 2 }, async (store) => {
    await loadExample(store);
    for (const name of ['shop-1', 'shop-2', 'blog-1']) pods.push(await startDemoPod(store, name));
  });
  const spare = await startPodServer({ name: 'shop-3', port: podPort });
  const redis = new Redis(stack.redis.url, { maxRetriesPerRequest: null });
  const history = createJobHistory({ connection: redis });
  const narrator = new Narrator(stack.nodes.length, print);
  const jobs = follow(history.follow(signal), (job) => {
    narrator.job(job);
  });
  const onOddAnswer = (place: string): void => {
    print(`left out, as it is no answer of a node: ${place}`);
  };
  const reports = createNodeReports({ redis, fleet, onOddAnswer });
  const answers = follow(reports.followAnswers(signal), (answer) => {
    narrator.answer(answer);
  });
  const areServing = async () => (await reports.nodes()).filter(({ applied }) => applied).length === stack.nodes.length;
  await waitFor(async () => signal.aborted || (await areServing()), {
    what: 'both nodes to serve',
    deadlineMs: 60_000,
  });
  const guide = writeGuide(stack, spare);
  if (!signal.aborted) print(guide.text);
  const parts = tellOfParts(stack, print, signal);

  const asked = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => {
      resolve();
    });
  });
  await Promise.race([asked, Promise.all([jobs, answers]).then(() => asked)]);
  print('stopping everything …');
  narrator.close();
  await Promise.all([jobs, answers, parts]);
  await history.close();
  redis.disconnect();
  await stack.stop();
}

async function follow<Item>(items: AsyncIterable<Item>, use: (item: Item) => void): Promise<void> {
  for await (const item of items) use(item);
}

async function loadExample(store: EtcdClient): Promise<void> {
  for (const { path, text } of await readManifests(join(repositoryRoot(), example))) {
    await store.put(`/registry/${path}`, text);
  }
}

async function startDemoPod(store: EtcdClient, name: string): Promise<PodServer> {
  const server = await startPodServer({ name, port: podPort });
  const [app = ''] = name.split('-');
  await store.put(registryKey('pods', 'default', name), pod({ name, ip: server.host, labels: { app } }));
  return server;
}
