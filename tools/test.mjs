// npm test: everything that must hold, in stages. Ends with one line that counts the tests of all suites; a stage
// without tests (build, lint, types, docs) counts as one failed test when it fails.
import { deployment, install, oracle, servers } from './install.mjs';

await install([...servers, ...oracle, ...deployment]);
const { exclusively, isInterrupted, nx, root, run } = await import('./stages.mjs');
const { countSuite, removeReports, suites } = await import('./reports.mjs');

removeReports(root);
const total = { passed: 0, failed: 0, skipped: 0 };
/** @param {string} line */
const say = (line) => process.stdout.write(`${line}\n`);

/** @returns {import('./reports.mjs').Count} */
const nothing = () => ({ passed: 0, failed: 0, skipped: 0, troubles: [] });

const stages = {
  build: () => exclusively(() => nx(['build'])),
  // All packages at once: each would read what it imports again.
  lint: () => nx(['lint'], ['--projects=workspace']),
  types: () => nx(['types']),
  docs: () => run(process.execPath, ['tools/docs.mjs', '--check'], { quiet: true }),
  // These as well: one run shares the modules that the tests import.
  unit: () => nx(['unit'], ['--projects=workspace'], { watched: true }),
  integration: () => nx(['integration'], [], { watched: true }),
  e2e: () => nx(['e2e'], ['--parallel=1'], { watched: true }),
};

for (const [stage, execute] of Object.entries(stages)) {
  const suite = suites.find((name) => name === stage);
  // On a terminal only: it is overwritten by the stage's own line.
  if (process.stdout.isTTY) process.stdout.write(`…      ${stage}\r`);
  const started = performance.now();
  const { code, output, left } = await execute();
  if (isInterrupted()) {
    say(`interrupted in ${stage}`);
    process.exit(1);
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const counted = suite ? countSuite(root, suite) : nothing();
  if (code !== 0 && counted.failed === 0) {
    counted.failed = 1;
    counted.troubles.push(`failed: ${stage}`);
  }
  if (left.length > 0) {
    counted.failed += 1;
    counted.troubles.push(...left.map((what) => `left behind by ${stage}: ${what}`));
  }
  if (counted.failed > 0) say(output);
  say(
    `${counted.failed > 0 ? 'FAILED' : 'ok    '} ${stage} (${seconds} s${suite ? `, ${counted.passed} passed` : ''})`,
  );
  counted.troubles.forEach(say);
  for (const kind of /** @type {const} */ (['passed', 'failed', 'skipped'])) total[kind] += counted[kind];
  // The end-to-end tests would try what was built before.
  if (stage === 'build' && counted.failed > 0) break;
}

say(`${total.passed} passed, ${total.failed} failed${total.skipped ? `, ${total.skipped} skipped` : ''}`);
process.exit(total.failed > 0 || total.passed === 0 ? 1 : 0);
