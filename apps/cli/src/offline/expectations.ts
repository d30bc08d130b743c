import { parseConfig, parseServerAddress, type ConfigModel } from '@flotilla/haproxy';
import type { Expectation } from './test-file.ts';

/** What a render came to. */
export type Rendering =
  | {
      readonly kind: 'rendered';
      readonly config: string;
      /** Texts beside it, by their key in the configmap. */
      readonly files: ReadonlyMap<string, string>;
      readonly problems: readonly string[];
    }
  | { readonly kind: 'failed'; readonly reason: string; readonly problems: readonly string[] };

type Lines = { readonly lines?: readonly string[] | undefined; readonly noLines?: readonly string[] | undefined };

/** What does not hold, in words; empty when everything does. */
export function unmet(expected: Expectation, rendering: Rendering): string[] {
  const problems = (expected.problems ?? [])
    .filter((text) => !rendering.problems.some((problem) => problem.includes(text)))
    .map((text) => `no entry was set aside with "${text}"${said(rendering.problems)}`);
  return [...problems, ...unmetOutcome(expected, rendering)];
}

const said = (problems: readonly string[]): string => (problems.length > 0 ? `, but: ${problems.join('; ')}` : '');

function unmetOutcome(expected: Expectation, rendering: Rendering): string[] {
  if (rendering.kind === 'failed') {
    if (expected.error === undefined) return [`it failed: ${rendering.reason}`];
    return rendering.reason.includes(expected.error) ? [] : [`it failed with another error: ${rendering.reason}`];
  }
  if (expected.error !== undefined) return [`it did not fail, but "${expected.error}" was expected`];
  const model = parseConfig(rendering.config);
  return [
    ...unmetLines(expected, rendering.config, 'the configuration'),
    ...[expected.backend ?? []].flat().flatMap((backend) => unmetBackend(backend, model)),
    ...[expected.file ?? []].flat().flatMap((file) => {
      const text = rendering.files.get(file.name);
      return text === undefined ? [`there is no file "${file.name}"`] : unmetLines(file, text, `file "${file.name}"`);
    }),
  ];
}

function unmetLines({ lines: wanted = [], noLines: unwanted = [] }: Lines, text: string, where: string): string[] {
  const present = new Set(text.split('\n').map((line) => line.trim()));
  return [
    ...wanted.filter((line) => !present.has(line.trim())).map((line) => `${where} has no line "${line}"`),
    ...unwanted.filter((line) => present.has(line.trim())).map((line) => `${where} has a line "${line}"`),
  ];
}

type BackendExpectation = Lines & { readonly name: string; readonly servers?: readonly string[] | undefined };

function unmetBackend(expected: BackendExpectation, model: ConfigModel): string[] {
  const section = model.sections.find(({ isProxy, name }) => isProxy && name === expected.name);
  const where = `backend "${expected.name}"`;
  if (!section) return [`there is no ${where}`];
  const servers = section.lines.flatMap((line) => (line.isServer ? [line.words[2]?.text ?? ''] : []));
  return [...unmetServers(expected.servers, servers, where), ...unmetLines(expected, section.text, where)];
}

function unmetServers(wanted: readonly string[] | undefined, servers: readonly string[], where: string): string[] {
  if (!wanted) return [];
  // [::1]:80 and ::1:80 are the same address to HAProxy.
  const normal = (addresses: readonly string[]): string =>
    addresses
      .map((text) => JSON.stringify(parseServerAddress(text) ?? text))
      .sort()
      .join();
  if (normal(wanted) === normal(servers)) return [];
  const list = (addresses: readonly string[]): string => addresses.join(', ') || '(none)';
  return [`${where} has the servers ${list(servers)}, not ${list(wanted)}`];
}
