import { type FileHandle, open } from 'node:fs/promises';
import { FlotillaError } from '@flotilla/domain';

/** Where HAProxy's output stands now, to read later what came after it. */
export type OutputMark = number & { readonly __mark: unique symbol };

/**
 * What HAProxy prints, in a file instead of a pipe: HAProxy outlives a killed agent, and the next agent reads on.
 * The file is emptied when everything in it has been read and it has grown too large; HAProxy appends, so it goes on
 * at the beginning.
 */
export interface OutputFile {
  /** The descriptor that a child writes to. */
  readonly fd: number;
  mark(): Promise<OutputMark>;
  /** Everything since the mark. */
  since(mark: OutputMark): Promise<string>;
  /** Hands over the lines that came since the last call. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

export interface OutputFileOptions {
  readonly path: string;
  readonly onLine: (line: string) => void;
  /** Default 4 MiB. */
  readonly maxBytes?: number;
}

const pollMs = 200;
const maxRead = 1024 * 1024;

/** Opens the file (mode 0600) and follows it from its end on. */
export async function followOutput({
  path,
  onLine,
  maxBytes = 4 * 1024 * 1024,
}: OutputFileOptions): Promise<OutputFile> {
  // `a+`: appends like HAProxy, so that emptying the file moves both to its beginning.
  const file = await open(path, 'a+', 0o600).catch((cause: unknown) => {
    throw new FlotillaError('haproxy-output', `cannot open ${path} for HAProxy's output`, { cause });
  });
  let position = (await file.stat()).size;
  let emptied = 0; // Bytes thrown away so far: marks count on over an emptied file.
  let rest = Buffer.alloc(0);
  let reading: Promise<void> = Promise.resolve();

  const readNew = async () => {
    const fresh = await readFrom(file, position);
    position += fresh.length;
    const bytes = Buffer.concat([rest, fresh]);
    const end = bytes.lastIndexOf('\n') + 1; // Whole lines only, so that no character is cut.
    rest = bytes.subarray(end);
    for (const line of bytes.toString('utf8', 0, end).split('\n')) if (line.trim() !== '') onLine(line);
    if (position > maxBytes && (await file.stat()).size === position) {
      await file.truncate(0);
      emptied += position;
      position = 0;
    }
  };
  // One read at a time, in the order of the calls.
  const drain = () => (reading = reading.then(readNew, readNew));
  const timer = setInterval(() => {
    drain().catch(() => undefined); // The next round tries again; a closed file ends the timer.
  }, pollMs);
  timer.unref();

  return {
    fd: file.fd,
    drain,
    mark: async () => (emptied + (await file.stat()).size) as OutputMark,
    since: async (mark) => (await readFrom(file, Math.max(0, mark - emptied))).toString('utf8'),
    async close() {
      clearInterval(timer);
      await drain().catch(() => undefined);
      if (rest.length > 0) onLine(rest.toString('utf8'));
      await file.close();
    },
  };
}

async function readFrom(file: FileHandle, from: number): Promise<Buffer> {
  const size = (await file.stat()).size - from;
  if (size <= 0) return Buffer.alloc(0);
  const buffer = Buffer.alloc(Math.min(size, maxRead));
  const { bytesRead } = await file.read(buffer, 0, buffer.length, from);
  return buffer.subarray(0, bytesRead);
}
