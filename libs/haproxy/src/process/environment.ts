import { readFile } from 'node:fs/promises';

/** Flotilla's own settings that hold or lead to secrets. */
const own = /^(FLOTILLA_|REDIS_URL$|STATISTICS_PASSWORD$)/;

/**
 * The environment HAProxy runs with. A configuration may read it (`"${NAME}"`), and a template's author must not be
 * able to print Flotilla's key that way, so Flotilla's own settings are left out.
 */
export function haproxyEnvironment(environment: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !own.test(name)));
}

/** What a master tells itself when it executes itself again; another process would take itself for it. */
const masterOnly = /^HAPROXY_(?:MWORKER_|PROCESSES$)/;

/**
 * The environment a running master reads its next configuration with: what it executed itself with last, in which
 * versions before 3.1 keep what a `setenv` said. Without the right to look (proc(5)), the one it would be started with.
 */
export async function environmentOf(pid: number): Promise<NodeJS.ProcessEnv> {
  const text = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
  if (text === '') return haproxyEnvironment();
  return Object.fromEntries(
    text
      .split('\0')
      .filter((entry) => entry.includes('=') && !masterOnly.test(entry))
      .map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
  );
}
