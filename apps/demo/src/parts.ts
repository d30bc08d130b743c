import { setTimeout as pause } from 'node:timers/promises';
import type { App, Stack } from '@flotilla/testkit';

const everyMs = 200;

/** Tells of each part that ends before its time, and what agents find wrong (jobs tell the rest), until the signal is aborted. */
export async function tellOfParts(stack: Stack, print: (line: string) => void, signal: AbortSignal): Promise<void> {
  const parts = [
    { name: 'watcher', app: stack.watcher },
    ...stack.renderers.map((app, at) => ({ name: `renderer-${at + 1}`, app })),
    ...stack.nodes.map(({ name, agent }) => ({ name, app: agent })),
  ];
  for (const { name, app } of parts) {
    void app.exited.then(({ code, signal: by }) => {
      if (!signal.aborted) print(`${name} ended (${by ?? `code ${code}`}): ${consequences[app.name] ?? ''}`);
    });
  }
  const seen = stack.nodes.map(({ name, agent: app }) => ({ name, app, next: app.log.length }));
  while (!signal.aborted) {
    for (const part of seen) {
      for (const line of part.app.log.slice(part.next)) {
        if (line.level === 'warn' || line.level === 'error') print(tell(part.name, line));
      }
      part.next = part.app.log.length;
    }
    await pause(everyMs, undefined, { signal }).catch(() => undefined);
  }
}

const consequences: Partial<Record<App['name'], string>> = {
  watcher: 'changes wait in etcd until a watcher runs again; traffic goes on',
  renderer: 'the other one goes on with its jobs',
  agent: 'its HAProxy serves on; the node misses what comes',
};

const tell = (name: string, { msg = '', reason }: App['log'][number]): string =>
  `${name}: ${msg}${typeof reason === 'string' ? `: ${reason}` : ''}`;
