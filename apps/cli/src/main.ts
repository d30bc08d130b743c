import { FlotillaError, reasonOf } from '@flotilla/domain';
import { ConfigError } from '@flotilla/runtime';
import { CommanderError } from 'commander';
import { exitCodes } from './outcome.ts';
import { createProgram } from './program.ts';

const program = createProgram(process.env, ({ code, lines, json }, asJson) => {
  process.stdout.write(`${asJson ? JSON.stringify(json, null, 2) : lines.join('\n')}\n`);
  process.exitCode = code;
});
for (const command of [program, ...program.commands]) command.exitOverride();

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

/** What went wrong, in words on standard error (or as JSON where JSON was asked for), and the exit code. */
function report(error: unknown): number {
  // Commander has printed its own words already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  const reason = reasonOf(error);
  if (process.argv.includes('--json'))
    process.stdout.write(`${JSON.stringify({ error: { code: codeOf(error), reason } })}\n`);
  else process.stderr.write(`error: ${reason}\n`);
  if (error instanceof ConfigError) return exitCodes.usage;
  if (/ECONNREFUSED|max retries per request|Connection is closed|Command timed out/i.test(reason))
    return exitCodes.unavailable;
  return error instanceof FlotillaError || isMissingFile(error) ? exitCodes.failed : exitCodes.internal;
}

const codeOf = (error: unknown): string => (error instanceof FlotillaError ? error.code : 'internal');
const isMissingFile = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT';
