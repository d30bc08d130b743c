/** The render thread's entry: keeps one fleet's inputs, renders when asked. It runs users' templates and nothing else. */
import { parentPort, workerData } from 'node:worker_threads';
import { reasonOf } from '@flotilla/domain';
import { EngineFault } from './engine.ts';
import { createEngine } from './jinja-engine.ts';
import { type RenderedText, mainTemplate, renderAll } from './rendered-files.ts';
import { TemplateInputs } from './template-inputs.ts';
import type { FromThread, ThreadData, ToThread } from './thread-messages.ts';

const { settings, outputBytes } = workerData as ThreadData;
const engine = createEngine({ strict: settings.undefinedValues === 'strict', maxOutput: outputBytes });
const inputs = new TemplateInputs(engine, settings);

const send = (message: FromThread, handedOver: ArrayBuffer[] = []): void => {
  parentPort?.postMessage(message, handedOver);
};

parentPort?.on('message', (message: ToThread) => {
  switch (message.kind) {
    case 'update':
      inputs.apply(message.changes);
      break;
    case 'render':
      send({ kind: 'rendering' });
      render();
      break;
  }
});

function render(): void {
  try {
    for (const [field, why] of inputs.faults) throw new Error(`the input ${field} cannot be read: ${why}`);
    const files = encode(renderAll(engine, inputs.templates, inputs.context()));
    if (files) answer(files);
    else send({ kind: 'too-large' });
  } catch (error) {
    if (error instanceof EngineFault && error.kind === 'too-large') {
      send({ kind: 'too-large' });
      return;
    }
    const place = error instanceof EngineFault ? error : { template: mainTemplate, line: null };
    send({ kind: 'failed', template: place.template, line: place.line, reason: reasonOf(error) });
  }
}

interface EncodedFile extends RenderedText {
  readonly size: number;
  /** Null when the file is the one that was sent last. */
  readonly bytes: Uint8Array<ArrayBuffer> | null;
}

/** What was sent last, by path. */
let sent = new Map<string, { readonly text: string; readonly size: number }>();

/** Undefined when the files are too large together. */
function encode(texts: readonly RenderedText[]): EncodedFile[] | undefined {
  const encoder = new TextEncoder();
  const files: EncodedFile[] = [];
  let room = outputBytes;
  for (const { path, text } of texts) {
    const before = sent.get(path);
    // A character takes a byte at least, so that what is far too large is not encoded first.
    if (text.length > room) return undefined;
    const bytes = before?.text === text ? null : encoder.encode(text);
    const size = bytes?.length ?? before?.size ?? 0;
    room -= size;
    if (room < 0) return undefined;
    files.push({ path, text, size, bytes });
  }
  return files;
}

function answer(files: readonly EncodedFile[]): void {
  sent = new Map(files.map(({ path, text, size }) => [path, { text, size }]));
  send(
    { kind: 'rendered', files: files.map(({ path, bytes }) => ({ path, bytes })) },
    files.flatMap(({ bytes }) => bytes?.buffer ?? []),
  );
}
