/** The render thread's entry: keeps one fleet's inputs, renders when asked. It runs users' templates and nothing else. */
import { parentPort, workerData } from 'node:worker_threads';
import { reasonOf } from '@flotilla/domain';
import { Encoder } from './encoder.ts';
import { EngineFault } from './engine.ts';
import { createEngine } from './jinja-engine.ts';
import { mainTemplate, renderAll } from './rendered-files.ts';
import { TemplateInputs } from './template-inputs.ts';
import type { FromThread, ThreadData, ToThread } from './thread-messages.ts';

const { settings, outputBytes } = workerData as ThreadData;
const engine = createEngine({ strict: settings.undefinedValues === 'strict', maxOutput: outputBytes });
const inputs = new TemplateInputs(engine, settings);
const encoder = new Encoder(outputBytes);

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
    const files = encoder.encode(renderAll(engine, inputs.templates, inputs.context()));
    if (files) {
      send(
        { kind: 'rendered', files },
        files.flatMap(({ bytes }) => bytes?.buffer ?? []),
      );
    } else send({ kind: 'too-large' });
  } catch (error) {
    if (error instanceof EngineFault && error.kind === 'too-large') {
      send({ kind: 'too-large' });
      return;
    }
    const place = error instanceof EngineFault ? error : { template: mainTemplate, line: null };
    send({ kind: 'failed', template: place.template, line: place.line, reason: reasonOf(error) });
  }
}
