// npm run docs: writes what is derived from what the apps declare: docs/configuration.md and the list of known variables
// from their settings (apps/<app>/src/config.ts), docs/metrics.md from their metrics (apps/<app>/src/<app>-metrics.ts).
// With --check it changes nothing and ends with 1 when one of them is not up to date.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { install } from './install.mjs';

await install([]);
// A default that lies in the system's temporary folder must read the same everywhere.
delete process.env.TMPDIR;
const { bundle } = await import('./bundle.mjs');
const root = join(import.meta.dirname, '..');
const page = 'docs/configuration.md';
const metricsPage = 'docs/metrics.md';
const list = 'libs/runtime/src/config/known-names.ts';
// Beneath node_modules, so that the bundles find the packages they leave outside.
const scratch = join(root, 'node_modules/.cache/flotilla-docs');

const intro = `# Configuration

This page is written by \`npm run docs\` from what the programs declare. \`node apps/<app>/dist/main.js --help\` prints the
same for watcher, renderer and agent.

Each program is configured by its environment alone. An empty variable counts as absent. A value that cannot be read is
refused at the start: the program names every bad variable, says what it takes, and ends with exit code 64. Watcher,
renderer and agent warn of a variable that begins with \`FLOTILLA_\` and is unknown, with the nearest known name. All may
share one environment.

Exit codes of watcher, renderer and agent: 0 ended as asked (SIGTERM, SIGINT), 64 a setting is missing or refused, 70 an
internal error, 128 + n ended at once by a second signal (one within half a second of the first is the same request). They serve \`/healthz\`, \`/readyz\` and \`/metrics\` at
\`FLOTILLA_HTTP\`, and log the address in the field \`http\`.`;

const metricsIntro = `# Metrics

This page is written by \`npm run docs\` from what the programs declare. Each serves its metrics for Prometheus at
\`/metrics\` of \`FLOTILLA_HTTP\`; times are in seconds. Those of an agent carry the labels \`node\` and \`fleet\`.
[deploy/prometheus](../deploy/prometheus) has alerts made of them. Beside these there are the process's own
(\`process_…\`, \`nodejs_…\`).`;

const listIntro = `/**
 * Every FLOTILLA_… variable of any app; \`npm run docs\` writes this list. The apps may share one environment, so a
 * variable of another one is no mistake.
 */
export const knownNames: readonly string[] = [`;

const checkOnly = process.argv.includes('--check');
const order = ['watcher', 'renderer', 'agent', 'cli', 'demo'];
/** @param {string} app */
const rank = (app) => (order.includes(app) ? order.indexOf(app) : order.length);
const apps = readdirSync(join(root, 'apps'))
  .filter((app) => existsSync(join(root, 'apps', app, 'src/config.ts')))
  .sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));

/**
 * What a source file exports, once it is bundled.
 * @param {string} folder
 * @param {string} entry
 * @param {string} name
 */
async function load(folder, entry, name) {
  const outdir = join(scratch, name);
  await bundle({ folder: join(root, folder), entries: [entry], outdir });
  return import(pathToFileURL(join(outdir, entry.replace(/^.*\//, '').replace(/\.ts$/, '.js'))).href);
}

try {
  const { checkGauge, createMetrics, settingsTable, sharedSettings } = await load(
    'libs/runtime',
    'src/index.ts',
    'runtime',
  );
  const sections = [];
  const names = new Set(Object.keys(sharedSettings).filter((name) => name.startsWith('FLOTILLA_')));
  for (const app of apps) {
    const { settings, about } = await load(`apps/${app}`, 'src/config.ts', app);
    if (!settings) throw new Error(`apps/${app}/src/config.ts exports no settings`);
    for (const name of Object.keys(settings)) if (name.startsWith('FLOTILLA_')) names.add(name);
    sections.push([`## ${app}`, ...(about ? [about] : []), settingsTable(settings)].join('\n\n'));
  }
  const metricSections = [['## every program', metricsTable(createMetrics, checkGauge)].join('\n\n')];
  for (const app of apps) {
    const file = `src/${app}-metrics.ts`;
    if (!existsSync(join(root, 'apps', app, file))) continue;
    const [declare] = Object.values(await load(`apps/${app}`, file, `${app}-metrics`));
    metricSections.push(
      [`## ${app}`, metricsTable(createMetrics, (/** @type {unknown} */ metrics) => declare(metrics, []))].join('\n\n'),
    );
  }
  const stale = [
    ...write(metricsPage, `${metricsIntro}\n\n${metricSections.join('\n\n')}\n`),
    ...write(page, `${intro}\n\n${sections.join('\n\n')}\n`),
    ...write(
      list,
      `${listIntro}\n${[...names]
        .sort()
        .map((name) => `  '${name}',\n`)
        .join('')}];\n`,
    ),
  ];
  if (stale.length > 0 && checkOnly) throw new Error(`not up to date: ${stale.join(', ')}; run npm run docs`);
} catch (error) {
  process.stderr.write(`flotilla: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

/**
 * A table of what `declare` adds to the process's own metrics.
 * @param {() => { registry: { getMetricsAsArray(): Metric[] } }} createMetrics
 * @param {(metrics: unknown) => void} declare
 *
 * @typedef {{ name: string, type: string, labelNames: string[], help: string }} Metric
 */
function metricsTable(createMetrics, declare) {
  const metrics = createMetrics();
  const before = new Set(metrics.registry.getMetricsAsArray().map(({ name }) => name));
  declare(metrics);
  const rows = metrics.registry
    .getMetricsAsArray()
    .filter(({ name }) => !before.has(name))
    .map(({ name, type, labelNames, help }) => {
      const labels = labelNames.map((label) => `\`${label}\``).join(', ');
      return `| \`${name}\` | ${type} | ${labels} | ${help} |`;
    });
  return ['| metric | type | labels | meaning |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

/**
 * Gives the path when the file was not up to date.
 * @param {string} path
 * @param {string} text
 */
function write(path, text) {
  const file = join(root, path);
  if (existsSync(file) && readFileSync(file, 'utf8') === text) return [];
  if (!checkOnly) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    process.stderr.write(`flotilla: wrote ${path}\n`);
  }
  return [path];
}
