import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { outcome, parseCalls, recorded } from './calls.ts';

/** Debian's Python, the one that python3-jinja2 is installed for. */
const JINJA2 = '/usr/bin/python3';
const hasJinja2 = spawnSync(JINJA2, ['-c', 'import jinja2']).status === 0;

const seed = Number(process.env['FUZZ_SEED'] ?? Math.floor(Math.random() * 1e9));
const count = Number(process.env['FUZZ_RUNS'] ?? 500) * 10;

it.skipIf(!hasJinja2)(
  `builtins agree with Python on ${count} random calls (FUZZ_SEED=${seed})`,
  { timeout: 600_000 },
  () => {
    const script = fileURLToPath(new URL('./calls.py', import.meta.url));
    const python = spawnSync(JINJA2, [script, String(seed), String(count)], { encoding: 'utf8', maxBuffer: 1 << 30 });
    expect(python.status, python.stderr).toBe(0);
    const calls = parseCalls(python.stdout);
    expect(calls.length).toBe(count);
    for (const call of calls) expect(outcome(call), JSON.stringify(call)).toEqual(recorded(call));
  },
);
