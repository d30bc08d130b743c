import { CommanderError } from 'commander';
import { failureOf } from './failure.ts';
import { exitCodes } from './outcome.ts';
import { printableJson, printableLines } from './printable.ts';
import { createProgram } from './program.ts';

// Whoever read the output has enough of it (`flotilla jobs | head`).
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});

const program = createProgram({
  env: process.env,
  width: process.stdout.isTTY ? process.stdout.columns || Infinity : Infinity,
  report({ code, lines, notes = [], json }, asJson) {
    process.exitCode = code;
    if (asJson) process.stdout.write(jsonText(json));
    else {
      process.stdout.write(lines.map((line) => `${line}\n`).join(''));
      process.stderr.write(notes.map((line) => `${line}\n`).join(''));
    }
  },
});

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = tell(error);
}

/** What went wrong, in words on standard error (and as JSON where JSON was asked for), and the exit code. */
function tell(error: unknown): number {
  // Commander has printed its own words already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  const { exitCode, code, reason } = failureOf(error);
  if (process.argv.includes('--json')) process.stdout.write(jsonText({ error: { code, reason } }));
  process.stderr.write(`error: ${printableLines(reason)}\n`);
  return exitCode;
}

function jsonText(value: unknown): string {
  return `${printableJson(JSON.stringify(value, null, 2))}\n`;
}
