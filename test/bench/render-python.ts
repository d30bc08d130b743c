import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { repositoryRoot } from '@flotilla/testkit';

/** Debian's Python, the one that python3-jinja2 is installed for. */
const python = '/usr/bin/python3';

/** The real Jinja2 in a process that lives on, with its template compiled and its context read. */
export interface PythonRender {
  /** Renders once; milliseconds, measured inside of the process. */
  render(): Promise<number>;
  text(): Promise<string>;
  stop(): Promise<void>;
}

export function startPython(source: string, context: object): PythonRender {
  const process = spawn(python, [join(repositoryRoot(), 'test/bench/render.py')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: process.stdout });
  const ended = once(process, 'exit');
  const ask = async (line: string): Promise<unknown> => {
    const answer = once(lines, 'line') as Promise<[string]>;
    const failed = ended.then(() => {
      throw new Error(`${python} ended; is python3-jinja2 installed?`);
    });
    process.stdin.write(`${line}\n`);
    const [text] = await Promise.race([answer, failed]);
    return JSON.parse(text) as unknown;
  };
  process.stdin.write(`${JSON.stringify({ source, context })}\n`);
  return {
    render: async () => (await ask('')) as number,
    text: async () => (await ask('text')) as string,
    stop: async () => {
      process.stdin.end();
      await ended;
    },
  };
}
