// npm run mutants: breaks decisions in the code one at a time, and says which no unit test notices. --help says more.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import ts from 'typescript';
import { root } from './stages.mjs';

/** Code that decides; what only carries out is for the tests on real servers. */
const decisions = [
  'apps/agent/src/delivery/machine.ts',
  'apps/agent/src/delivery/refused-lines.ts',
  'apps/agent/src/delivery/resume.ts',
  'apps/watcher/src/settling.ts',
  'libs/haproxy/src/plan/needs-check.ts',
  'libs/haproxy/src/plan/numbering.ts',
];

const help = `Usage: npm run mutants -- [FILE ...] [--json]

Breaks the decisions of each FILE one at a time (conditions turned round, comparisons, && and ||, true and false, calls
left out) and runs the unit tests that import it. A mutant that no test notices is printed with its line. Nothing is
written: the tests are given the broken text. Without FILE: the code that decides in agent, watcher and plan.
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h', default: false } },
});
if (values.help) {
  process.stdout.write(help);
  process.exit(0);
}

/** @type {Map<ts.SyntaxKind, string>} */
const opposite = new Map([
  [ts.SyntaxKind.EqualsEqualsEqualsToken, '!=='],
  [ts.SyntaxKind.ExclamationEqualsEqualsToken, '==='],
  [ts.SyntaxKind.LessThanToken, '>='],
  [ts.SyntaxKind.LessThanEqualsToken, '>'],
  [ts.SyntaxKind.GreaterThanToken, '<='],
  [ts.SyntaxKind.GreaterThanEqualsToken, '<'],
  [ts.SyntaxKind.AmpersandAmpersandToken, '||'],
  [ts.SyntaxKind.BarBarToken, '&&'],
]);

/**
 * What is said to people decides nothing.
 * @param {string} call
 */
const isTold = (call) => /^(?:\w+\.)*(?:log|metrics)\b/.test(call);

/**
 * Each mutant: its line, what it changes, and the whole text with the change.
 * @param {string} text
 * @param {string} path
 * @returns {Mutant[]}
 *
 * @typedef {{ line: number, what: string, text: string }} Mutant
 */
function mutantsOf(text, path) {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  /** @type {{ start: number, end: number, instead: string }[]} */
  const found = [];
  /** @param {ts.Node} node @param {string} instead */
  const add = (node, instead) => found.push({ start: node.getStart(), end: node.getEnd(), instead });
  /** @param {ts.Node} node */
  const visit = (node) => {
    if (ts.isIfStatement(node)) add(node.expression, `!(${node.expression.getText()})`);
    if (ts.isConditionalExpression(node)) add(node.condition, `!(${node.condition.getText()})`);
    const turned = ts.isBinaryExpression(node) && opposite.get(node.operatorToken.kind);
    if (turned) add(node.operatorToken, turned);
    if (node.kind === ts.SyntaxKind.TrueKeyword && !ts.isLiteralTypeNode(node.parent)) add(node, 'false');
    if (node.kind === ts.SyntaxKind.FalseKeyword && !ts.isLiteralTypeNode(node.parent)) add(node, 'true');
    if (ts.isExpressionStatement(node)) {
      const call = ts.isAwaitExpression(node.expression) ? node.expression.expression : node.expression;
      if (ts.isCallExpression(call) && !isTold(call.getText())) add(node, ';');
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found.map(({ start, end, instead }) => ({
    line: source.getLineAndCharacterOfPosition(start).line + 1,
    what: `${oneLine(text.slice(start, end))} → ${instead === ';' ? '(nothing)' : oneLine(instead)}`,
    text: text.slice(0, start) + instead + text.slice(end),
  }));
}

/** @param {string} text */
const oneLine = (text) => text.replace(/\s+/g, ' ').slice(0, 90);

const folder = mkdtempSync(join(tmpdir(), 'flotilla-mutants-'));
/** @type {Set<number>} */
const running = new Set();
process.on('exit', () => {
  for (const pid of running) endGroup(pid);
  rmSync(folder, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130));

/** @param {number} pid */
function endGroup(pid) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

/** A mutant may turn a loop into one without an end. */
const deadlineMs = 60_000;
const lanes = 2;

/**
 * Whether the unit tests that import the file pass with this text in its place.
 * @param {string} path
 * @param {string} text
 * @param {number} lane
 * @returns {Promise<boolean>}
 */
function passes(path, text, lane) {
  const mutant = join(folder, `${lane}.ts`);
  writeFileSync(mutant, text);
  const args = ['node_modules/vitest/vitest.mjs', 'related', path, '--run', '--bail=1', '--maxWorkers=1'];
  const child = spawn(process.execPath, [...args, '--config=tools/mutants.vitest.mjs'], {
    cwd: root,
    stdio: 'ignore',
    detached: true,
    env: { ...process.env, SUITE: 'unit', MUTANT_OF: path, MUTANT: mutant },
  });
  const { pid } = child;
  if (pid === undefined) return Promise.reject(new Error('no tests can be started'));
  running.add(pid);
  const timer = setTimeout(() => {
    endGroup(pid);
  }, deadlineMs);
  return new Promise((done) => {
    child.once('close', (code) => {
      clearTimeout(timer);
      running.delete(pid);
      done(code === 0);
    });
  });
}

/**
 * Gives the mutants of a file that the unit tests which import it do not notice.
 * @param {string} path
 */
async function survivorsOf(path) {
  const text = readFileSync(path, 'utf8');
  const mutants = mutantsOf(text, path);
  if (!(await passes(path, text, 0))) throw new Error(`the unit tests of ${relative(root, path)} do not pass as it is`);
  /** @type {Mutant[]} */
  const survivors = [];
  const queue = [...mutants];
  /** @param {number} lane */
  const work = async (lane) => {
    for (let mutant = queue.shift(); mutant; mutant = queue.shift()) {
      if (process.stderr.isTTY) process.stderr.write(`\r${relative(root, path)}: ${queue.length} left `);
      if (!(await passes(path, mutant.text, lane))) continue;
      survivors.push(mutant);
      if (!values.json) console.log(`${relative(root, path)}:${mutant.line}: survives: ${mutant.what}`);
    }
  };
  await Promise.all(Array.from({ length: lanes }, (_, lane) => work(lane)));
  if (process.stderr.isTTY) process.stderr.write('\r');
  return { mutants: mutants.length, survivors: survivors.sort((a, b) => a.line - b.line) };
}

const results = [];
for (const name of positionals.length > 0 ? positionals : decisions) {
  const path = resolve(root, name);
  const { mutants, survivors } = await survivorsOf(path);
  const kept = survivors.map(({ line, what }) => ({ line, what }));
  results.push({ file: relative(root, path), mutants, survivors: kept });
  if (values.json) continue;
  console.log(`${relative(root, path)}: ${mutants - kept.length} of ${mutants} noticed`);
}
const all = results.reduce((sum, { mutants }) => sum + mutants, 0);
const left = results.reduce((sum, { survivors }) => sum + survivors.length, 0);
if (values.json) console.log(JSON.stringify({ mutants: all, noticed: all - left, files: results }, null, 2));
else console.log(`${all - left} of ${all} mutants noticed (${((100 * (all - left)) / Math.max(1, all)).toFixed(0)} %)`);
