import { readFileSync, readdirSync } from 'node:fs';
import { onCleanup, onExit } from './cleanup.ts';

/**
 * A supervised HAProxy lives on when its agent is killed, as it should. When the test ends, what still runs with files
 * of the agent's data folder is killed. Returns how to do it before that.
 */
export function killHaproxyWithTest(dataDir: string): () => void {
  const kill = () => {
    for (const pid of haproxyOf(dataDir)) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended between the two.
      }
    }
  };
  // An agent that is started again and again has one folder.
  if (watched.has(dataDir)) return kill;
  watched.add(dataDir);
  onCleanup(() => {
    watched.delete(dataDir);
    kill();
  });
  onExit(kill);
  return kill;
}

const watched = new Set<string>();

/** HAProxy processes, master or worker, that were started with a path in the folder. */
export function haproxyOf(dataDir: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const words = commandLine(pid);
      return words.includes('-W') && words.some((word) => word.startsWith(`${dataDir}/`));
    });
}

function commandLine(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}
