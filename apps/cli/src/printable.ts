import type { Outcome } from './outcome.ts';

/**
 * What comes from Redis may hold anything. Characters that a terminal obeys (control characters), that turn or hide
 * text (formats, separators of lines) or that are none (halves of a pair) are shown as escapes, as JSON writes them.
 */
export const printable = (text: string): string =>
  text.replaceAll('\t', ' ').replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, escaped);

/** The same for a JSON text, whose own line ends stay. It means what it meant. */
export const printableJson = (text: string): string =>
  text.replace(/(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, escaped);

/** Each line for itself: the ends of the lines stay. */
export const printableLines = (text: string): string => text.split('\n').map(printable).join('\n');

/** An outcome for a terminal. */
export const shown = (outcome: Outcome): Outcome => ({
  ...outcome,
  lines: outcome.lines.map(printableLines),
  ...(outcome.notes && { notes: outcome.notes.map(printableLines) }),
});

const escaped = (found: string): string =>
  found
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
