/**
 * Measures Flotilla on servers of its own and prints tables and JSON. Timing belongs here and in no test: every
 * figure stands beside a baseline of the same run, because machines differ and change their speed.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { cleanUp, freePort } from '@flotilla/testkit';
import { measureBurst } from './burst.ts';
import { type BenchFleet, probedAddress, residentMb, sizes, startFleet } from './fleet.ts';
import { measureLatency } from './latency.ts';
import { PodFarm } from './pod-farm.ts';
import { measureRenderAgain } from './render-again.ts';
import { renderInputs } from './render-inputs.ts';
import { measureRender } from './render.ts';
import { stageMedians } from './stages.ts';
import { type Summary, rounded, summarize, table } from './statistics.ts';

const help = `npm run bench -- [options]

  --only NAMES      render, latency, burst (default: all); latency prints memory too
  --sizes NAMES     ${Object.entries(sizes)
    .map(([name, { services, pods }]) => `${name} (${services} x ${pods})`)
    .join(', ')}
  --changes N       measured changes at each size (default 30)
  --json FILE       also write every figure as JSON
`;

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'render,latency,burst' },
    sizes: { type: 'string', default: 'small,medium,large' },
    changes: { type: 'string', default: '30' },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(help);
  process.exit(0);
}
const only = new Set(values.only.split(','));
const figures: Record<string, unknown> = {};
const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};
const print = (title: string, rows: readonly Record<string, string | number>[]): void => {
  process.stdout.write(`\n${title}\n${table(rows)}\n`);
  figures[title] = rows;
};

/** One fleet of a size, with pods that answer, ended whatever happens. */
async function withFleet(name: string, use: (fleet: BenchFleet, farm: PodFarm) => Promise<void>): Promise<void> {
  const size = sizes[name];
  if (!size) throw new Error(`no size "${name}": use ${Object.keys(sizes).join(', ')}`);
  say(`starting ${size.services} services x ${size.pods} pods`);
  const farm = new PodFarm(await freePort());
  for (let at = 0; at < size.pods + 2; at++) await farm.add(probedAddress(at));
  const fleet = await startFleet(size, farm.port);
  try {
    await use(fleet, farm);
  } finally {
    await fleet.stop();
    await farm.close();
  }
}

async function latency(): Promise<void> {
  const rows: Record<string, string | number>[] = [];
  const memory: Record<string, string | number>[] = [];
  const stages: Record<string, string | number>[] = [];
  const requests: Record<string, string | number>[] = [];
  for (const name of values.sizes.split(',')) {
    await withFleet(name, async (fleet, farm) => {
      const podsOfService = sizes[name]?.pods ?? 0;
      const samples = await measureLatency({ fleet, farm, podsOfService, changes: Number(values.changes) });
      const ours = summarize(samples.flotilla);
      const row = (what: string, { p50, p90, p99 }: Omit<Summary, 'count'>): void => {
        rows.push({ size: name, what, 'p50 ms': p50, 'p90 ms': p90, 'p99 ms': p99 });
      };
      row('flotilla', ours);
      for (const [what, wire] of [
        ['wire that calls', summarize(samples.calls)],
        ['blind wire', summarize(samples.blind)],
      ] as const) {
        row(what, wire);
        row('ratio', { p50: ours.p50 / wire.p50, p90: ours.p90 / wire.p90, p99: ours.p99 / wire.p99 });
      }
      requests.push({ size: name, changes: samples.flotilla.length, failed: samples.failedRequests });
      for (const [stage, ms] of Object.entries(await stageMedians(fleet, samples.flotilla.length)))
        stages.push({ size: name, stage, 'p50 ms': ms });
      const { watcher, renderers, nodes } = fleet.stack;
      memory.push({
        size: name,
        'watcher MB': residentMb(watcher.pid),
        'renderer MB': residentMb(renderers[0]?.pid ?? 0),
        'agent MB': residentMb(nodes[0]?.agent.pid ?? 0),
        'Redis MB': Number(/used_memory:(\d+)/.exec(await fleet.redis.info('memory'))?.[1]) / 1024 ** 2,
      });
      say(`${name}: p50 ${rounded(ours.p50)} ms`);
    });
  }
  print('Latency: etcd write of a new ready pod to its first answer through HAProxy', rows);
  print('Requests without an answer of a pod, while it was measured', requests);
  print('Where the time goes: stages of the job, steps of the node', stages);
  print('Memory: resident, after the changes above', memory);
}

async function burst(): Promise<void> {
  await withFleet('medium', async (fleet) => {
    print('Burst: pod changes as fast as etcd takes them', [{ ...(await measureBurst(fleet)) }]);
  });
}

async function render(): Promise<void> {
  const size = { services: 1_000, pods: 5 };
  say(`rendering ${size.services} services x ${size.pods} pods`);
  const inputs = renderInputs(size);
  print('Render: 1,000 services x 5 pods, everything, against Jinja2', await measureRender(inputs));
  const again = await measureRenderAgain('1,000 x 5', inputs);
  again.push(...(await measureRenderAgain('1,000 x 20', renderInputs({ ...size, pods: 20 }))));
  print(
    "Render in the fleet's process: everything, one pod of one service, and a comparison of that with a full render",
    again,
  );
}

try {
  if (only.has('render')) await render();
  if (only.has('latency')) await latency();
  if (only.has('burst')) await burst();
  if (values.json) writeFileSync(values.json, `${JSON.stringify(figures, null, 2)}\n`);
} finally {
  await cleanUp();
}
