import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startChild, untilReady } from './child.ts';
import { temporaryFolder } from './folder.ts';
import { freePort } from './port.ts';

export interface Prometheus {
  url: string;
  /** What is read from now on, by job: `host:port` of each program. */
  targets(jobs: Readonly<Record<string, readonly string[]>>): void;
  /** Whether each target was read at least once, and whether the last time went well. */
  health(): Promise<Readonly<Record<string, string>>>;
  /** Alerts that fire now, as `name{label="value"}` of the labels asked for. */
  firing(labels?: readonly string[]): Promise<string[]>;
}

interface Alert {
  readonly state: string;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * Prometheus (Debian's) on loopback, with a file of alerts of which every `for` and every window is made short: what is
 * tried is whether an alert comes and goes.
 */
export async function startPrometheus(rulesFile: string): Promise<Prometheus> {
  const folder = temporaryFolder('prometheus', { inMemory: true });
  const [config, rules, targetsFile] = ['prometheus.yml', 'rules.yml', 'targets.json'].map((name) =>
    join(folder.path, name),
  ) as [string, string, string];
  const shortened = readFileSync(rulesFile, 'utf8')
    .replace(/^(\s+for:) .*$/gm, '$1 1s')
    .replace(/\[10m\]/g, '[8s]');
  writeFileSync(rules, shortened);
  writeFileSync(targetsFile, '[]');
  writeFileSync(
    config,
    JSON.stringify({
      global: { scrape_interval: '500ms', scrape_timeout: '500ms', evaluation_interval: '500ms' },
      rule_files: [rules],
      scrape_configs: [{ job_name: 'flotilla', file_sd_configs: [{ files: [targetsFile], refresh_interval: '1s' }] }],
    }),
  );
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = await startChild('prometheus', [
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(folder.path, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=warn',
  ]);
  await untilReady(child, 'prometheus', async () => (await fetch(`${url}/-/ready`)).ok, 30_000);

  const get = async <T>(path: string): Promise<T> => {
    const answer = (await (await fetch(`${url}/api/v1/${path}`)).json()) as { data: T };
    return answer.data;
  };
  return {
    url,
    targets: (jobs) => {
      const groups = Object.entries(jobs).map(([job, targets]) => ({ targets, labels: { job } }));
      writeFileSync(targetsFile, JSON.stringify(groups));
    },
    health: async () => {
      const { activeTargets } = await get<{
        activeTargets: { labels: { instance: string }; health: string }[];
      }>('targets?state=active');
      return Object.fromEntries(activeTargets.map(({ labels, health }) => [labels.instance, health]));
    },
    firing: async (labels = []) => {
      const { alerts } = await get<{ alerts: Alert[] }>('alerts');
      return alerts
        .filter(({ state }) => state === 'firing')
        .map(({ labels: found }) => {
          const shown = labels.filter((label) => found[label] !== undefined);
          const words = shown.map((label) => `${label}="${found[label]}"`);
          return `${found['alertname']}${words.length > 0 ? `{${words.join()}}` : ''}`;
        })
        .sort();
    },
  };
}
