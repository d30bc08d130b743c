import { randomBytes } from 'node:crypto';
import { createPublisher } from '@flotilla/artifact';
import {
  type AppReport,
  type FleetName,
  type Manifest,
  type NodeStatus,
  type Problem,
  type RenderResult,
  type RenderSetback,
  appsKey,
  createSealer,
  fleetKeys,
  inputField,
  leaderKeys,
  silentAfterMs,
  term,
  sourcePosition,
  bundleFile,
} from '@flotilla/domain';
import { createInputsWriter, readProgress } from '@flotilla/inputs';
import { createRenderWorker, createSignals } from '@flotilla/queue';
import { newInstance, writeReport, createNodeReports } from '@flotilla/runtime';
import { onCleanup, waitFor } from '@flotilla/testkit';
import { Redis } from 'ioredis';

/** A fleet's data in a real Redis, written by the same code that watchers, renderers and agents use. */
export async function openFleet(url: string, fleet: FleetName) {
  const key = randomBytes(32);
  // Some tests end the server.
  const redis = new Redis(url, { maxRetriesPerRequest: null }).on('error', () => undefined);
  onCleanup(() => {
    redis.disconnect();
  });
  const sealer = createSealer(key, fleet);
  const writer = createInputsWriter({ redis, fleet, sealer });
  const publisher = createPublisher({ redis, fleet, sealer, keepVersions: 10 });
  const reports = createNodeReports({ redis, fleet });
  const fields = new Map<string, string>();
  const position = sourcePosition('7');
  const cause = { provenance: [{ object: `configmaps/${fleet}/config`, position }], sourcePosition: position };

  const write = async (changes: Record<string, string>): Promise<void> => {
    const first = fields.size === 0;
    for (const [field, value] of Object.entries(changes)) fields.set(field, value);
    if (first) await writer.claim(term(1));
    const batch = first ? await writer.compare(fields, cause) : writer.prepare(new Map(Object.entries(changes)), cause);
    const outcome = batch && (await writer.send(batch));
    if (outcome?.kind !== 'written') throw new Error('the inputs were not written');
  };
  const publish = async (files: Record<string, string>, isChecked = true): Promise<Manifest> => {
    const progress = await readProgress(redis, fleet);
    if (!progress) throw new Error('nothing was written yet');
    const outcome = await publisher.publish({
      epoch: progress.epoch,
      revision: progress.revision,
      isChecked,
      files: Object.entries(files).map(([path, text]) => bundleFile(path, Buffer.from(text))),
    });
    if (outcome.kind !== 'published') throw new Error(`not published: ${outcome.kind}`);
    return outcome.manifest;
  };
  const heartbeat = async (node: string, applied: Manifest | null, more: Partial<NodeStatus> = {}): Promise<void> => {
    await reports.heartbeat({
      node,
      desired: applied,
      applied,
      lastGood: applied,
      parked: null,
      problem: null,
      haproxy: { version: '2.6.12', pid: 42, oldWorkers: 0 },
      instance: { ...newInstance(), id: `${node}-host/42/1` },
      rival: null,
      behind: null,
      clockMs: 3,
      at: new Date().toISOString(),
      ...more,
    });
  };
  /** What a watcher or renderer says of itself. */
  const app = async (kind: AppReport['app'], id: string, more: Partial<AppReport> = {}): Promise<void> => {
    const instance = { ...newInstance(), id };
    const report: AppReport = { app: kind, instance, fleets: null, trouble: [], fleetTrouble: {}, clockMs: 0, ...more };
    await writeReport(redis, appsKey, { name: id, report, countsMs: silentAfterMs });
  };
  /** Runs one job through the queue; `render` stands in for the renderer. */
  const job = async (render: () => RenderResult, setback?: Omit<RenderSetback, 'since'>): Promise<void> => {
    const signals = createSignals({ connection: redis });
    let ended = false;
    const worker = createRenderWorker({
      connection: redis,
      name: 'renderer-1',
      concurrency: 1,
      render: () => {
        ended = true;
        return Promise.resolve().then(render);
      },
      isFinal: () => true,
      setbackOf: () => setback,
      onError: () => undefined,
    });
    try {
      await signals.signal(fleet, (await readProgress(redis, fleet))?.revision ?? writer.position.revision);
      await waitFor(() => ended, { what: 'the job' });
    } finally {
      await worker.close();
      await signals.close();
    }
  };
  const result = ({ epoch, revision, version, digest }: Manifest, more: Partial<RenderResult> = {}): RenderResult => ({
    kind: 'published',
    fleet,
    epoch,
    revision,
    version,
    digest,
    changes: [{ object: 'pods/default/shop-1', position: sourcePosition('7') }],
    changeCount: 1,
    problems: [],
    stagesMs: { render: 3 },
    ...more,
  });

  return {
    env: { REDIS_URL: url, FLOTILLA_KEY: key.toString('base64') },
    redis,
    fleet,
    keys: fleetKeys(fleet),
    write,
    publish,
    heartbeat,
    job,
    result,
    setAside: (object: string, reason: string, more: Partial<Problem> = {}) =>
      write({ [inputField('problem', object)]: JSON.stringify({ object, code: 'bad-object', reason, ...more }) }),
    app,
    /** A watcher that leads, and a renderer. */
    lead: async () => {
      await redis.set(leaderKeys.lock, 'watch-host/17/0c1d');
      await app('watcher', 'watch-host/17/0c1d');
      await app('renderer', 'render-host/18/0c1e');
    },
    template: (text: string) => write({ [inputField('config', 'template')]: text }),
  };
}
