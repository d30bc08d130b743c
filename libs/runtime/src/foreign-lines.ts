import { format } from 'node:util';
import type { Logger } from './logger.ts';

/**
 * What Node and libraries would print by themselves goes into the log as well, each text once: standard output holds
 * nothing but lines of JSON.
 */
export function logForeignLines(log: Logger): void {
  const told = new Set<string>();
  const tell = (reason: string, about: object = {}): void => {
    if (told.has(reason) || told.size >= mostTexts) return;
    told.add(reason);
    log.warn({ ...about, reason }, 'a library or Node says');
  };
  process.removeAllListeners('warning').on('warning', ({ name, message }) => {
    tell(message, { name });
  });
  for (const method of ['debug', 'log', 'info', 'warn', 'error'] as const) {
    // eslint-disable-next-line no-console -- it is what is taken over here
    console[method] = (...words: unknown[]) => {
      tell(format(...words));
    };
  }
}

/** Texts that differ each time must not fill the memory. */
const mostTexts = 1_000;
