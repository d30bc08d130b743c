import { randomBytes } from 'node:crypto';
import {
  type FleetName,
  type InputField,
  type Problem,
  createSealer,
  fleetKeys,
  inputField,
  term,
  sourcePosition,
} from '@flotilla/domain';
import { createArtifactReader } from '@flotilla/artifact';
import { type Batch, createInputsWriter } from '@flotilla/inputs';
import { connectRedis, createLogger, createMetrics, loadSettings } from '@flotilla/runtime';
import { settings } from '../src/config.ts';
import { openFleet } from '../src/open-fleet.ts';
import { oneAtATime } from '../src/render-comparison.ts';
import { createRendererMetrics } from '../src/renderer-metrics.ts';

export const masterKey = randomBytes(32);

export const template = inputField('config', 'template');
export const service = (name: string): InputField => inputField('service', name);
export const pod = (of: string, name: string): InputField => inputField('pod', of, name);
export const certificate = (name: string): InputField => inputField('certificate', name);
export const key = (name: string): InputField => inputField('key', name);
export const problem = (value: Problem): [InputField, string] => [
  inputField('problem', value.object, ...(value.key === undefined ? [] : [value.key])),
  JSON.stringify(value),
];

/** The smallest configuration that HAProxy takes, with `more` in it. */
export const minimal = (more = ''): string =>
  `defaults\n  mode http\n  timeout connect 1s\n  timeout client 1s\n  timeout server 1s\n${more}\nlisten x\n  bind unix@/tmp/never-bound\n`;

type Fields = Record<string, string | null>;

export interface WorldOptions {
  readonly url: string;
  readonly fleet: FleetName;
  readonly dataDir: string;
  readonly processEntry: URL;
  readonly env?: Record<string, string>;
}

/** One fleet with a writer of inputs in the watcher's place, and a renderer's parts around it. */
export function openWorld({ url, fleet, dataDir, processEntry, env = {} }: WorldOptions) {
  const log: string[] = [];
  const logger = createLogger({ app: 'renderer', level: 'info', destination: { write: (line) => log.push(line) } });
  const redis = connectRedis(new URL(url), { name: 'test', log: logger });
  const sealer = createSealer(masterKey, fleet);
  const writer = createInputsWriter({ redis, fleet, sealer });
  const fields = new Map<InputField, string>();
  let index = 0;

  const send = async (batch: Batch | undefined): Promise<void> => {
    if (!batch) return;
    const outcome = await writer.send(batch);
    if (outcome.kind !== 'written') throw new Error(`the inputs were not written: ${outcome.kind}`);
  };
  const write = async (changes: Fields): Promise<void> => {
    const position = sourcePosition(String(++index));
    const cause = { provenance: [{ object: 'configmaps/x/y', position }], sourcePosition: position };
    for (const [field, value] of Object.entries(changes)) {
      if (value === null) fields.delete(field);
      else fields.set(field, value);
    }
    if (index === 1) {
      await writer.claim(term(1));
      await send(await writer.compare(fields, cause));
    } else await send(writer.prepare(new Map(Object.entries(changes)), cause));
  };
  /** Begins a new life of the data with the same inputs, as a watcher does after Redis lost its data. */
  const beginAnew = async (): Promise<void> => {
    await redis.flushall();
    await writer.claim(term(1));
    await send(await writer.compare(fields, { provenance: [], sourcePosition: sourcePosition(String(++index)) }));
  };
  const signalled: number[] = [];
  const open = (more: Record<string, string> = {}) =>
    openFleet(fleet, {
      config: loadSettings(settings, { FLOTILLA_DATA_DIR: dataDir, ...env, ...more }),
      masterKey,
      env: { ...env, ...more },
      redis,
      log: logger,
      metrics: createRendererMetrics(createMetrics()),
      staging: {
        folderOf: (name) => `${more['FLOTILLA_DATA_DIR'] ?? dataDir}/${name}`,
        doubt: () => undefined,
      },
      comparisonInTurn: oneAtATime(),
      signal: (_, rendered) => {
        signalled.push(rendered);
        return Promise.resolve();
      },
      processEntry,
    });
  const artifacts = createArtifactReader({ redis, fleet, sealer });
  const published = async (): Promise<Record<string, string>> => {
    const newest = await artifacts.newest();
    if (!newest) return {};
    const { files } = await artifacts.readArtifact(newest.version);
    return Object.fromEntries([...files].map(([path, content]) => [path, content.toString()]));
  };
  const close = (): void => {
    redis.disconnect();
  };
  return { fleet, keys: fleetKeys(fleet), redis, log, signalled, write, beginAnew, open, artifacts, published, close };
}
