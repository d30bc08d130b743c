// Reads the JSON reports that the test runner wrote, and what is missing of them.
import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join, sep } from 'node:path';

/**
 * @typedef {'unit' | 'integration' | 'e2e'} Suite
 * @typedef {{ fullName: string, status: string }} Test
 * @typedef {{ name: string, status: string, message?: string, assertionResults: Test[] }} File
 * @typedef {{ testResults: File[], success: boolean }} Report
 * @typedef {{ passed: number, failed: number, skipped: number, troubles: string[] }} Count
 */

/** @type {Suite[]} */
export const suites = ['unit', 'integration', 'e2e'];
const endings = { unit: '.test.ts', integration: '.integration.test.ts', e2e: '.e2e.test.ts' };
const generated = new Set(['node_modules', 'dist', 'reports']);

/**
 * Every project's folder, seen from the root.
 * @param {string} root
 */
export const projectsOf = (root) =>
  ['apps', 'libs']
    .flatMap((folder) => readdirSync(join(root, folder)).map((name) => join(folder, name)))
    .concat('test')
    .filter((project) => existsSync(join(root, project, 'package.json')));

/**
 * A report of an earlier run must not be counted; nx puts back those of tests that need no new run.
 * @param {string} root
 */
export function removeReports(root) {
  for (const folder of ['', ...projectsOf(root)])
    rmSync(join(root, folder, 'reports'), { recursive: true, force: true });
}

/**
 * Counts the tests of one suite in all projects, whether each wrote a report or one run wrote it for all; `troubles` has
 * a line for everything that is not as it should be.
 * @param {string} root
 * @param {Suite} suite
 */
export function countSuite(root, suite) {
  /** @type {Count} */
  const total = { passed: 0, failed: 0, skipped: 0, troubles: [] };
  const whole = readReport(root, suite);
  for (const project of projectsOf(root)) {
    const folder = join(root, project);
    const report = whole ? partOf(whole, folder) : readReport(folder, suite);
    if (report) countReport(total, project, report);
    else if (hasTests(folder, suite)) fail(total, `${project}: the ${suite} tests gave no report`);
  }
  if (whole && !whole.success && total.failed === 0) fail(total, `${suite}: an error outside of the tests`);
  return total;
}

/**
 * @param {string} folder
 * @param {Suite} suite
 * @returns {Report | undefined}
 */
function readReport(folder, suite) {
  const file = join(folder, 'reports', `${suite}.json`);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}

/**
 * What a report of all projects says of one; errors outside of the tests are not told by project.
 * @param {Report} whole
 * @param {string} folder
 * @returns {Report | undefined}
 */
function partOf(whole, folder) {
  const testResults = whole.testResults.filter(({ name }) => name.startsWith(folder + sep));
  return testResults.length > 0 ? { testResults, success: true } : undefined;
}

/**
 * @param {Count} total
 * @param {string} project
 * @param {Report} report
 */
function countReport(total, project, report) {
  const failedBefore = total.failed;
  for (const { name, status, message, assertionResults } of report.testResults) {
    for (const test of assertionResults) {
      if (test.status === 'passed') total.passed++;
      else if (test.status === 'failed') fail(total, `${project}: ${test.fullName}`);
      else {
        total.skipped++;
        total.troubles.push(`skipped: ${project}: ${test.fullName}`);
      }
    }
    // The file itself, or a hook of it, failed: its tests did not run.
    if (status === 'failed' && !assertionResults.some((test) => test.status === 'failed')) {
      fail(total, `${project}: ${name}${message ? `: ${message}` : ' failed outside of its tests'}`);
    }
  }
  // An error that no test caught.
  if (!report.success && total.failed === failedBefore && report.testResults.length > 0)
    fail(total, `${project}: an error outside of the tests`);
}

/**
 * @param {Count} total
 * @param {string} what
 */
function fail(total, what) {
  total.failed++;
  total.troubles.push(`failed: ${what}`);
}

/**
 * @param {string} folder
 * @param {Suite} suite
 * @returns {boolean}
 */
function hasTests(folder, suite) {
  return readdirSync(folder, { withFileTypes: true }).some((entry) =>
    entry.isDirectory()
      ? !generated.has(entry.name) && hasTests(join(folder, entry.name), suite)
      : suiteOf(entry.name) === suite,
  );
}

/** @param {string} name */
const suiteOf = (name) =>
  /** @type {Suite[]} */ (['e2e', 'integration', 'unit']).find((suite) => name.endsWith(endings[suite]));
