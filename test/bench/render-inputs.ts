import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type InputField, inputField, templatePaths } from '@flotilla/domain';
import { pod, repositoryRoot } from '@flotilla/testkit';
import { parse } from 'yaml';
import type { Size } from './fleet.ts';

/** What the watcher would write of a fleet of that size, as realistic as its pods: 3 KB each. */
export interface RenderInputs {
  readonly fields: Map<InputField, string>;
  /** The same as Jinja2 and nunjucks get it. */
  readonly context: Readonly<Record<string, unknown>> & { readonly services: readonly Service[] };
  /** That with one service changed, all others being the same objects. */
  readonly withChange: Readonly<Record<string, unknown>>;
  /** A change of one pod of one service in the middle. */
  changedPod(round: number): readonly [InputField, string];
}

interface Service {
  readonly name: string;
  readonly pods: Readonly<Record<string, object>>;
}

const nameOf = (service: number): string => `service-${String(service).padStart(4, '0')}`;

const podOf = (service: number, at: number, ip: string): object =>
  pod({ name: `${nameOf(service)}-${at}`, ip, labels: { app: nameOf(service) }, realistic: true });

export function renderInputs({ services, pods }: Size): RenderInputs {
  const fields = new Map<InputField, string>();
  const made = Array.from({ length: services }, (_, service) => {
    const name = nameOf(service);
    const entry = {
      namespace: 'default',
      selector: { app: name },
      hostnames: [`${name}.example.com`, `^www\\.${name}\\.`],
      ports: [8080],
    };
    fields.set(inputField('service', name), JSON.stringify(entry));
    const own = Array.from({ length: pods }, (_, at) => {
      const object = podOf(service, at, `10.${service >> 8}.${service & 255}.${at + 1}`);
      fields.set(inputField('pod', name, `${name}-${at}`), JSON.stringify(object));
      return [`${name}-${at}`, object] as const;
    }).sort(([a], [b]) => (a < b ? -1 : 1));
    return { ...entry, name, pods: Object.fromEntries(own) };
  });
  const middle = services >> 1;
  const others = { certificates: [], ...templatePaths, stats: {}, env: {} };
  const changed = made.map((service, at) =>
    at === middle ? { ...service, hostnames: ['changed.example.com'] } : service,
  );
  return {
    fields,
    context: { services: made, ...others },
    withChange: { services: changed, ...others },
    changedPod: (round) => {
      const name = nameOf(middle);
      const ip = `10.200.${(round >> 8) & 255}.${round & 255}`;
      return [inputField('pod', name, `${name}-0`), JSON.stringify(podOf(middle, 0, ip))];
    },
  };
}

/** The templates that are measured: the bench's own, and the one users start from. */
export function renderTemplates(): Readonly<Record<string, string>> {
  const read = (path: string): string => readFileSync(join(repositoryRoot(), path), 'utf8');
  const example = parse(read('examples/http/config.yaml')) as { data: { template: string } };
  return { 'test/bench/template.j2': read('test/bench/template.j2'), 'examples/http': example.data.template };
}
