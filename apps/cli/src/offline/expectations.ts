import type { Expectation } from './test-file.ts';

/** What a render came to. */
export type Rendering =
  | { readonly kind: 'rendered'; readonly config: string; readonly problems: readonly string[] }
  | { readonly kind: 'failed'; readonly reason: string; readonly problems: readonly string[] };

/** What does not hold, in words; empty when everything does. */
export function unmet(expected: Expectation, rendering: Rendering): string[] {
  const problems = (expected.problems ?? [])
    .filter((text) => !rendering.problems.some((problem) => problem.includes(text)))
    .map((text) => `no entry was set aside with "${text}"${said(rendering.problems)}`);
  return [...problems, ...unmetOutcome(expected, rendering)];
}

function unmetOutcome(expected: Expectation, rendering: Rendering): string[] {
  if (rendering.kind === 'failed') {
    if (expected.error === undefined) return [`it failed: ${rendering.reason}`];
    return rendering.reason.includes(expected.error) ? [] : [`it failed with another error: ${rendering.reason}`];
  }
  if (expected.error !== undefined) return [`it did not fail, but "${expected.error}" was expected`];
  const lines = linesOf(rendering.config);
  const sections = [expected.backend ?? []].flat();
  return [
    ...missing(expected.lines, lines, 'the configuration'),
    ...(expected.noLines ?? [])
      .filter((line) => lines.includes(line.trim()))
      .map((line) => `there is a line "${line}"`),
    ...sections.flatMap((section) => unmetBackend(section, rendering.config)),
  ];
}

function unmetBackend(
  expected: { name: string; servers?: string[] | undefined; lines?: string[] | undefined },
  config: string,
): string[] {
  const lines = sectionLines(config, expected.name);
  if (!lines) return [`there is no backend "${expected.name}"`];
  const servers = lines.flatMap((line) => /^server\s+\S+\s+(\S+)/.exec(line)?.[1] ?? []);
  const wanted = expected.servers;
  const differs = wanted !== undefined && [...wanted].sort().join() !== [...servers].sort().join();
  return [
    ...(differs
      ? [
          `backend "${expected.name}" has the servers ${servers.join(', ') || '(none)'}, not ${wanted.join(', ') || '(none)'}`,
        ]
      : []),
    ...missing(expected.lines, lines, `backend "${expected.name}"`),
  ];
}

/** The lines of a `backend` or `listen` section. */
function sectionLines(config: string, name: string): string[] | undefined {
  const lines = linesOf(config);
  const start = lines.findIndex((line) => line === `backend ${name}` || line === `listen ${name}`);
  if (start < 0) return undefined;
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) =>
    /^(global|defaults|frontend|backend|listen|peers|resolvers|userlist|cache|program|ring|mailers|http-errors|fcgi-app)\b/.test(
      line,
    ),
  );
  return end < 0 ? rest : rest.slice(0, end);
}

const linesOf = (config: string): string[] => config.split('\n').map((line) => line.trim());

const missing = (wanted: readonly string[] | undefined, lines: readonly string[], where: string): string[] =>
  (wanted ?? []).filter((line) => !lines.includes(line.trim())).map((line) => `${where} has no line "${line}"`);

const said = (problems: readonly string[]): string => (problems.length > 0 ? `, but: ${problems.join('; ')}` : '');
