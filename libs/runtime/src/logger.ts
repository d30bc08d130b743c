import { type DestinationStream, type Logger, pino } from 'pino';
import pretty from 'pino-pretty';
import { scrub } from './scrub.ts';

export type { Logger } from 'pino';

/** Fields that are never written, on a log object or one level below it. */
const redacted = [
  'FLOTILLA_KEY',
  'STATISTICS_PASSWORD',
  'authorization',
  'content',
  'masterKey',
  'password',
  'pem',
  'privateKey',
  'sealed',
  'secret',
].flatMap((name) => [name, `*.${name}`]);

/** JSON lines on standard output, or readable ones on a terminal. Lines are written at once, none is lost at the end. */
export function createLogger({
  app,
  level,
  fields = {},
  destination,
}: {
  app: string;
  level: string;
  /** Standard fields of every line: `fleet`, `node`. */
  fields?: Record<string, string>;
  /** Where the JSON lines go instead. */
  destination?: DestinationStream;
}): Logger {
  const options = {
    level,
    base: { app, ...fields },
    redact: redacted,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    hooks: { streamWrite: scrub },
  };
  if (destination) return pino(options, destination);
  return process.stdout.isTTY
    ? pino(options, pretty({ colorize: true, sync: true }))
    : pino(options, pino.destination({ dest: 1, sync: true }));
}
