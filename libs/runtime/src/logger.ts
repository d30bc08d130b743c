import { type Logger, pino } from 'pino';
import pretty from 'pino-pretty';

export type { Logger } from 'pino';

/** Fields that are never written, wherever they stand in a log object. */
const redacted = ['key', 'password', 'secret', 'sealed', 'pem', 'content'].flatMap((name) => [name, `*.${name}`]);

/** JSON lines on standard output, or readable ones on a terminal. */
export function createLogger({
  app,
  level,
  fields = {},
}: {
  app: string;
  level: string;
  fields?: Record<string, string>;
}): Logger {
  const options = {
    level,
    base: { app, ...fields },
    redact: redacted,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return process.stdout.isTTY
    ? pino(options, pretty({ colorize: true, ignore: 'pid,hostname', sync: true }))
    : pino(options);
}
