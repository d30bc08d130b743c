import { commandsOf } from '../plan/commands.ts';
import { cliWord } from '../plan/cli-text.ts';
import { parseMapFile, parsePatternFile } from '../plan/map-file.ts';
import type { EditMap, Operation, ReplaceMap } from '../plan/operation.ts';
import { isAccepted } from './answers.ts';
import { Refused } from './failure.ts';
import type { RuntimeSocket } from './socket.ts';

/** A payload must fit into HAProxy's buffer (16 KB unless `tune.bufsize` says otherwise) with its command. */
const chunkBytes = 14_000;

/** Fills a new version beside the one in force, then switches (management guide, 9.3 "prepare map", "commit map"). */
export async function replaceMap(socket: RuntimeSocket, operation: ReplaceMap, text: string): Promise<void> {
  const name = cliWord(operation.name);
  const { family } = operation;
  const prepare = `prepare ${family} ${name}`;
  const answer = await socket.ask(prepare);
  const version = /^New version created: (\d+)$/.exec(answer)?.[1];
  if (version === undefined) throw new Refused(operation, prepare, answer);
  try {
    if (family === 'map') await fillMap(socket, operation, version, text);
    else {
      const adds = parsePatternFile(text).map((pattern) => `add acl @${version} ${name} ${cliWord(pattern)}`);
      await mustAll(socket, operation, adds);
    }
    await mustAll(socket, operation, [`commit ${family} @${version} ${name}`]);
  } catch (error) {
    // The unfinished version is never looked at; this only frees its memory early.
    await socket.ask(`clear ${family} @${version} ${name}`).catch(() => undefined);
    throw error;
  }
}

async function fillMap(socket: RuntimeSocket, operation: ReplaceMap, version: string, text: string): Promise<void> {
  const command = `add map @${version} ${cliWord(operation.name)}`;
  for (const chunk of chunks(parseMapFile(text).map(({ key, value }) => `${key} ${value}`))) {
    const answer = await socket.ask(command, chunk);
    if (!isAccepted(command, answer)) throw new Refused(operation, command, answer);
  }
}

/** Lines joined into payloads that fit; a line that is longer than a payload goes alone and is refused by HAProxy. */
export function chunks(lines: readonly string[], maxBytes = chunkBytes): string[] {
  const found: string[] = [];
  let current: string[] = [];
  let size = 0;
  for (const line of lines) {
    const bytes = Buffer.byteLength(line) + 1;
    if (size + bytes > maxBytes && current.length > 0) {
      found.push(current.join('\n'));
      current = [];
      size = 0;
    }
    current.push(line);
    size += bytes;
  }
  if (current.length > 0) found.push(current.join('\n'));
  return found;
}

export const editMap = (socket: RuntimeSocket, operation: EditMap): Promise<void> =>
  mustAll(socket, operation, commandsOf(operation));

async function mustAll(socket: RuntimeSocket, operation: Operation, commands: readonly string[]): Promise<void> {
  const answers = await socket.askAll(commands);
  commands.forEach((command, at) => {
    const answer = answers[at] ?? '';
    if (!isAccepted(command, answer)) throw new Refused(operation, command, answer);
  });
}
