/** The render process's entry: keeps one fleet's inputs, renders when asked. It runs users' templates and nothing else. */
import { writeFileSync } from 'node:fs';
import { Script } from 'node:vm';
import { reasonOf } from '@flotilla/domain';
import { Encoder } from './encoder.ts';
import { EngineFault } from './engine.ts';
import { createEngine } from './jinja-engine.ts';
import type { FromProcess, ToProcess } from './process-messages.ts';
import { mainTemplate, renderAll } from './rendered-files.ts';
import { TemplateInputs } from './template-inputs.ts';

/** The parent ends a render that takes too long. This much later it ends by itself, as the parent may be gone. */
const orphanMs = 2_000;

const send = (message: FromProcess): void => {
  process.send?.(message);
};

/** Called by `bounded`, which is the only way to stop a template's loop from within this process. */
const entry = 'flotillaRender';
const bounded = new Script(`${entry}()`);

process.on('message', (message: ToProcess) => {
  if (message.kind === 'start') start(message);
});
process.on('disconnect', () => process.exit());
// They reach a whole process group or unit; the parent decides when this process has done its work.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
preferToBeKilled();

function start({ settings, outputBytes, timeoutMs }: Extract<ToProcess, { kind: 'start' }>): void {
  const engine = createEngine({ strict: settings.undefinedValues === 'strict', maxOutput: outputBytes });
  const inputs = new TemplateInputs(engine, settings);
  const encoder = new Encoder(outputBytes);

  const render = (): FromProcess => {
    try {
      for (const [field, why] of inputs.faults) throw new Error(`the input ${field} cannot be read: ${why}`);
      const files = encoder.encode(renderAll(engine, inputs.templates, inputs.context()));
      return files ? { kind: 'rendered', files } : { kind: 'too-large' };
    } catch (error) {
      if (error instanceof EngineFault && error.kind === 'too-large') return { kind: 'too-large' };
      const place = error instanceof EngineFault ? error : { template: mainTemplate, line: null };
      return { kind: 'failed', template: place.template, line: place.line, reason: reasonOf(error) };
    }
  };
  Object.assign(globalThis, { [entry]: render });

  process.on('message', (message: ToProcess) => {
    if (message.kind === 'update') inputs.apply(message.changes);
    if (message.kind === 'render') {
      send({ kind: 'rendering' });
      engine.takeChanceFrom(message.seed);
      send(bounded.runInThisContext({ timeout: timeoutMs + orphanMs }) as FromProcess);
    }
  });
}

/** Where memory is short, the kernel ends a template's process before its renderer. */
function preferToBeKilled(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '500');
  } catch {
    // There is no such file, or no right to it.
  }
}
