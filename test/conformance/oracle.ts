import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { JINJA2 } from './python.ts';
import type { Outcome } from './render.ts';

/** The real Jinja2 in one long-lived Python process; answers come in the order of the questions. */
export class Oracle {
  private readonly waiting: { resolve: (answer: Outcome) => void; reject: (error: Error) => void }[] = [];
  private readonly process: ChildProcessWithoutNullStreams;
  /** Jinja2's and Python's versions. */
  readonly ready: Promise<{ jinja2: string; python: string }>;

  constructor() {
    this.process = spawn(JINJA2, [fileURLToPath(new URL('./oracle.py', import.meta.url))]);
    const lines = createInterface({ input: this.process.stdout });
    this.ready = new Promise((resolve, reject) => {
      this.process.once('exit', (code) => reject(new Error(`the oracle ended with ${code}`)));
      lines.once('line', (line) => {
        resolve(JSON.parse(line) as { jinja2: string; python: string });
        lines.on('line', (answer) => this.waiting.shift()?.resolve(JSON.parse(answer) as Outcome));
      });
    });
    this.process.stderr.on('data', (text: Buffer) => process.stderr.write(text));
    this.process.on('exit', (code) => {
      for (const { reject } of this.waiting.splice(0)) reject(new Error(`the oracle ended with ${code}`));
    });
  }

  /** Renders a case, given as the JSON text of oracle.py's request. */
  ask(request: string): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      this.process.stdin.write(`${request}\n`);
    });
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      if (this.process.exitCode !== null) return resolve();
      this.process.once('exit', () => resolve());
      this.process.stdin.end();
    });
  }
}
