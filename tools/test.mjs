// npm test: everything that must hold, in stages. Ends with one line that counts the tests of all suites.
import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { install, oracle, servers } from './install.mjs';

install([...servers, ...oracle]);
const { nx, root } = await import('./stages.mjs');

const suites = ['unit', 'integration', 'e2e'];
const projects = ['apps', 'libs'].flatMap((folder) => readdirSync(join(root, folder)).map((name) => join(folder, name))).concat('test');
const reportOf = (project, suite) => join(root, project, 'reports', `${suite}.json`);

// A report of an earlier run must not be counted; nx puts back those of tests that need no new run.
for (const project of projects) rmSync(join(root, project, 'reports'), { recursive: true, force: true });

const broken = [];
for (const [stage, targets] of [['build', ['build']], ['lint', ['lint']], ['types', ['typecheck']], ...suites.map((suite) => [suite, [suite]])]) {
  const started = performance.now();
  const { code, output } = await nx(targets, stage === 'e2e' ? ['--parallel=1'] : []);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stdout.write(`${code === 0 ? 'ok    ' : 'FAILED'} ${stage} (${seconds} s)\n`);
  if (code !== 0) {
    broken.push(stage);
    process.stdout.write(`${output}\n`);
  }
}

const total = { passed: 0, failed: 0, skipped: 0 };
for (const project of projects) {
  for (const suite of suites) {
    const report = reportOf(project, suite);
    if (!existsSync(report)) continue;
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(readFileSync(report, 'utf8'));
    total.passed += numPassedTests;
    total.failed += numFailedTests;
    total.skipped += numPendingTests + numTodoTests;
    for (const file of testResults) {
      for (const test of file.assertionResults) {
        if (test.status === 'failed') process.stdout.write(`failed: ${project}: ${test.fullName}\n`);
        if (test.status === 'skipped' || test.status === 'pending') process.stdout.write(`skipped: ${project}: ${test.fullName}\n`);
      }
      if (file.status === 'failed' && file.assertionResults.length === 0) {
        total.failed++;
        process.stdout.write(`failed: ${project}: ${file.name} did not run: ${file.message}\n`);
      }
    }
  }
}
// A stage that failed without a failed test (lint, types, build, a crash) must not look like success.
if (broken.length > 0 && total.failed === 0) total.failed = broken.length;
if (broken.length > 0) process.stdout.write(`failed stages: ${broken.join(', ')}\n`);
process.stdout.write(`${total.passed} passed, ${total.failed} failed${total.skipped ? `, ${total.skipped} skipped` : ''}\n`);
process.exit(total.failed > 0 || total.passed === 0 ? 1 : 0);
