import { repr } from './text.ts';
import { Dict } from './dict.ts';
import { Instance, type Value } from './value.ts';

/** `namespace(…)`: the one object whose attributes a template can assign to. */
export class Namespace extends Instance {
  readonly typeName = 'Namespace';
  readonly attributes = new Map<string, Value>();

  override get moduleName(): string {
    return 'jinja2.utils';
  }
  override attribute(name: string): Value | undefined {
    return this.attributes.get(name);
  }
  override item(key: Value): Value | undefined {
    return typeof key === 'string' ? this.attributes.get(key) : undefined;
  }
  override repr(): string {
    return `<Namespace ${repr(Dict.from(this.attributes))}>`;
  }
}
