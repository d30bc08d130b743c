import { createHook } from 'node:async_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll } from 'vitest';

/**
 * Run with each test file: it fails when something that a test began is still there at its end and keeps the process
 * from ending (a timer, a connection, a server, a child process, a worker). `LEFTOVERS=trace` tells where it began.
 */
const patienceMs = 5_000;

/** What the runner itself has open; its timers come and go. */
const own = process.getActiveResourcesInfo().filter((kind) => kind !== 'Timeout');
/**
 * Within 100 ms of a test the runner has a timer of its own. Unit tests do not wait for that: a timer that one file
 * leaves is found in the next, as they share a process.
 */
const timers = process.env['SUITE'] === 'unit' || process.env['SUITE'] === undefined ? ['Timeout'] : [];
const began = process.env['LEFTOVERS'] === 'trace' ? traced() : undefined;

// The first that is registered is the last that runs: after all that the file itself cleans up.
afterAll(async () => {
  const end = performance.now() + patienceMs;
  // What is closed is gone some ticks later.
  while (surplus().length > 0 && performance.now() < end) await pause(10);
  const left = surplus();
  if (left.length === 0) return;
  if (began) process.stderr.write(`${[...began.values()].filter((each) => isOfKind(each, left)).join('\n\n')}\n`);
  throw new Error(
    `this file, or one before it, left behind: ${left.join(', ')} (LEFTOVERS=trace tells where each began)`,
  );
}, 2 * patienceMs);

function surplus(): string[] {
  const known = [...own, ...timers];
  return process.getActiveResourcesInfo().filter((kind) => {
    const at = known.indexOf(kind);
    if (at >= 0) known.splice(at, 1);
    return at < 0;
  });
}

/** async_hooks has other names for the same: TCPWRAP for TCPSocketWrap. */
const isOfKind = (trace: string, kinds: readonly string[]): boolean =>
  kinds.some((kind) => trace.toLowerCase().startsWith(kind.toLowerCase().replace('socketwrap', 'wrap')));

/** Where each handle began that is not gone yet. */
function traced(): Map<number, string> {
  Error.stackTraceLimit = 30;
  const stacks = new Map<number, string>();
  createHook({
    init: (id, type) => {
      if (type !== 'PROMISE' && type !== 'TickObject') stacks.set(id, `${type} ${new Error().stack?.slice(5) ?? ''}`);
    },
    destroy: (id) => {
      stacks.delete(id);
    },
  }).enable();
  return stacks;
}
