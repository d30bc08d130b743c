import type { BundleFile } from './artifact.ts';
import { layout, templatePaths } from './bundle-layout.ts';
import { bundlePem } from './certificate.ts';
import { type InputField, inputField } from './inputs.ts';

interface Pair {
  readonly certificate: string;
  readonly key: string;
  readonly content: Buffer;
}

/**
 * The files of a fleet's certificates: `ssl/<name>` and `ssl/<name>.pem`, each the key and then the chain, and a
 * crt-list of all of them, sorted by name. A certificate that did not change keeps its Buffer.
 */
export class CertificateFiles {
  #pairs = new Map<string, Pair>();
  #files: readonly BundleFile[] | undefined;

  /** `names` have both parts in `fields`. `instead` holds the whole file of a name whose parts are not to be used. */
  build(
    names: readonly string[],
    fields: ReadonlyMap<InputField, string>,
    instead: ReadonlyMap<string, Buffer> = new Map(),
  ): readonly BundleFile[] {
    const pairs = new Map<string, Pair>();
    let changed = names.length !== this.#pairs.size;
    for (const name of names) {
      const before = this.#pairs.get(name);
      const content = instead.get(name);
      const pair = content ? keptPair(content, before) : pairOf(name, fields, before);
      pairs.set(name, pair);
      changed ||= pair !== before;
    }
    this.#pairs = pairs;
    if (changed || !this.#files) this.#files = filesOf(pairs);
    return this.#files;
  }

  /** Of the files that were built last. */
  contentOf(path: string): Buffer | undefined {
    return this.#files?.find((file) => file.path === path)?.content;
  }
}

function pairOf(name: string, fields: ReadonlyMap<InputField, string>, before: Pair | undefined): Pair {
  const certificate = fields.get(inputField('certificate', name)) ?? '';
  const key = fields.get(inputField('key', name)) ?? '';
  if (before?.certificate === certificate && before.key === key) return before;
  return { certificate, key, content: Buffer.from(bundlePem(certificate, key)) };
}

const keptPair = (content: Buffer, before: Pair | undefined): Pair =>
  before?.content === content ? before : { certificate: '', key: '', content };

function filesOf(pairs: ReadonlyMap<string, Pair>): BundleFile[] {
  const files = new Map<string, Buffer>();
  for (const [name, { content }] of pairs) files.set(`${layout.ssl}/${name}.pem`, content);
  // A certificate that is itself called "x.pem" comes before the second name of "x".
  for (const [name, { content }] of pairs) files.set(`${layout.ssl}/${name}`, content);
  const list = [...pairs.keys()].map((name) => `${templatePaths.ssldir}/${name}\n`).join('');
  files.set(layout.crtList, Buffer.from(list));
  return [...files].map(([path, content]) => ({ path, content }));
}
