import { spawnSync } from 'node:child_process';

/** Debian's Python, the one that python3-jinja2 is installed for. */
export const JINJA2 = '/usr/bin/python3';

/** Whether the real Jinja2 can be asked; says so once when it cannot. */
export function hasJinja2(): boolean {
  const found = spawnSync(JINJA2, ['-c', 'import jinja2']).status === 0;
  if (!found)
    process.stderr.write(`skipped: ${JINJA2} has no jinja2; install python3-jinja2 to compare with the real one\n`);
  return found;
}
