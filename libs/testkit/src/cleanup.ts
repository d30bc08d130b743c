/**
 * What a test opened and must close again. Everything that starts through the testkit registers here, and leaves
 * again when it is stopped by hand; `cleanUp()` closes the rest in reverse order.
 */
type Release = () => void | Promise<void>;

const open: Release[] = [];
const last: (() => void)[] = [];
let guarded = false;

/** Registers a release; the returned function takes it off again without running it. */
export function onCleanup(release: Release): () => void {
  open.push(release);
  return () => {
    const at = open.indexOf(release);
    if (at >= 0) open.splice(at, 1);
  };
}

/** Closes everything that is still open, newest first. Meant for `afterEach` or `afterAll`; throws after the last one. */
export async function cleanUp(): Promise<void> {
  const failures: unknown[] = [];
  for (let release = open.pop(); release; release = open.pop()) {
    try {
      await release();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, `cleanup: ${failures.map(String).join('; ')}`);
}

/**
 * Registers what has to happen when this process ends by any way that still runs code: kill a child, remove a folder.
 * It must be synchronous. SIGINT and SIGTERM end the process here only when nobody else listens to them.
 */
export function onExit(release: () => void): () => void {
  guard();
  last.push(release);
  return () => {
    const at = last.indexOf(release);
    if (at >= 0) last.splice(at, 1);
  };
}

function guard(): void {
  if (guarded) return;
  guarded = true;
  process.on('exit', () => {
    for (const release of last.splice(0).reverse()) release();
  });
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    process.on(signal, () => {
      if (process.listenerCount(signal) === 1) process.exit(code);
    });
  }
}
