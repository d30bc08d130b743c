import type { MapEntry } from '../plan/map-file.ts';
import { UnknownAnswerError } from '../process/processes.ts';

/** Entries in force, from `show map <name>`. */
export function parseMapState(answer: string): MapEntry[] {
  return patternLines('show map', answer).map((line) => {
    const space = line.indexOf(' ');
    return space < 0 ? { key: line, value: '' } : { key: line.slice(0, space), value: line.slice(space + 1) };
  });
}

/** Patterns in force, from `show acl <name>`. */
export const parseAclState = (answer: string): string[] => patternLines('show acl', answer);

function patternLines(command: string, answer: string): string[] {
  const lines = answer.split('\n').filter((line) => line !== '');
  if (!lines.every((line) => /^0x[0-9a-f]+ /.test(line))) throw new UnknownAnswerError(command, answer);
  return lines.map((line) => line.slice(line.indexOf(' ') + 1));
}
