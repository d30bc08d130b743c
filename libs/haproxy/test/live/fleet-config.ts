import fc from 'fast-check';

export interface TestServer {
  name: string;
  host: string;
  port: number;
  weight?: number | undefined;
  maxconn?: number | undefined;
  disabled: boolean;
  options: string;
}

export interface TestBackend {
  defaultServer: string;
  /** Its place in `rules`: another one needs a reload. */
  rule: number;
  servers: TestServer[];
}

export interface TestConfig {
  /** One a backend of `backendLines`. */
  backends: TestBackend[];
  /** Whether the file is written with other quotes, blanks and comments, which say nothing. */
  ornate: boolean;
}

/** Balances that take servers at runtime and one that does not; a chain of defaults; a section that comes and goes. */
const backendLines = [
  ['backend be0', 'balance roundrobin'],
  ['backend be1', 'balance leastconn', 'cookie SRV insert dynamic', 'dynamic-cookie-key k'],
  ['backend be2 from deep', 'balance random'],
  ['backend be3', 'balance uri', 'hash-type consistent', 'option httpchk'],
  ['backend be4', 'balance source'],
];
export const emptyConfig: TestConfig = {
  backends: backendLines.map(() => ({ defaultServer: '', rule: 0, servers: [] })),
  ornate: false,
};
const defaultServers = [
  '',
  '',
  '',
  'check inter 30s weight 7',
  'disabled maxqueue 5',
  'ssl verify none pool-max-conn 3',
];
const rules = ['', '  http-request set-header x-a b\n'];

/** What a server may have; the last ones need a reload when they come or go. */
const options = [
  ...[
    '',
    '',
    '',
    'backup',
    'check inter 30s fall 7',
    'no-check check-ssl verify none',
    'send-proxy-v2 check inter 31s',
  ],
  ...['ssl verify none sni str(x.y)', 'ssl verify none check inter 32s', 'check inter 33s port 8 addr 127.0.0.9'],
  ...['agent-check agent-port 9 agent-inter 60s', 'maxqueue 9 slowstart 3s', 'observe layer4 check inter 34s'],
  ...['proto h2', 'redir http://x', 'non-stick', 'init-addr none resolve-prefer ipv4'],
];

const server: fc.Arbitrary<TestServer> = fc.record({
  name: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g-1', 'h.2'),
  host: fc.constantFrom('127.0.0.1', '127.0.0.2', '127.0.0.3', '[::1]', '[2001:db8:0:0::7]'),
  port: fc.integer({ min: 1, max: 65_535 }),
  weight: fc.option(fc.integer({ min: 0, max: 256 }), { nil: undefined, freq: 2 }),
  maxconn: fc.option(fc.integer({ min: 1, max: 500 }), { nil: undefined, freq: 4 }),
  disabled: fc.integer({ min: 0, max: 4 }).map((value) => value === 0),
  options: fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...options.slice(0, -4)) },
    { weight: 1, arbitrary: fc.constantFrom(...options.slice(-4)) },
  ),
});

const backend: fc.Arbitrary<TestBackend> = fc.record({
  defaultServer: fc.constantFrom(...defaultServers),
  rule: fc.nat(rules.length - 1),
  servers: fc.uniqueArray(server, { selector: ({ name }) => name, maxLength: 6 }),
});

/** Most steps touch one or two backends, and few of them another line than servers, or the static backend. */
const step = fc.record({
  next: fc.tuple(...backendLines.map(() => backend)),
  touched: fc.uniqueArray(fc.constantFrom<number[]>(0, 0, 1, 1, 2, 2, 3, 3, 4), { minLength: 1, maxLength: 2 }),
  newLines: fc.integer({ min: 0, max: 9 }).map((value) => value === 0),
  /** What becomes of the servers that were there: most stay. */
  fates: fc.array(fc.constantFrom('keep', 'keep', 'keep', 'keep', 'move', 'move', 'drop', 'drop', 'toggle', 'turn'), {
    minLength: 8,
    maxLength: 8,
  }),
  ornate: fc.boolean(),
  sweep: fc.boolean(),
});

export type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

export const steps = fc.array(step, { minLength: 2, maxLength: 8 });

export const blend = (last: TestConfig, { next, touched, newLines, fates, ornate }: Step): TestConfig => ({
  ornate,
  backends: last.backends.map((old, at) => {
    const wanted = next[at];
    if (!wanted || !touched.includes(at)) return old;
    const kept = old.servers.flatMap((one, index) => {
      const fate = fates[index];
      const other = wanted.servers[index];
      if (fate === 'drop') return [];
      if (fate === 'toggle') return [{ ...one, disabled: !one.disabled }];
      if (fate === 'turn' && other && newLines) return [{ ...one, options: other.options }];
      if (fate !== 'move' || !other) return [one];
      return [{ ...one, host: other.host, port: other.port, weight: other.weight, maxconn: other.maxconn }];
    });
    const fresh = wanted.servers.filter(({ name }) => !kept.some((other) => other.name === name)).slice(0, 3);
    return { ...(newLines ? wanted : old), servers: [...fresh, ...kept] };
  }),
});

const head = (bind: string): string => `defaults deep
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s
  default-server inter 40s maxqueue 3
defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s
frontend in
  bind ${bind}
  default_backend be0
`;

export const render = ({ backends, ornate }: TestConfig, bind: string): string =>
  head(bind) +
  backends
    .map(({ defaultServer, rule, servers }, at) => {
      const lines = backendLines[at] ?? [];
      const isStatic = lines[1] === 'balance source';
      return [
        ...(ornate ? ['# the next one', ''] : []),
        ...lines,
        ...(rules[rule] === '' ? [] : [rules[rule]?.trimEnd() ?? '']),
        ...(defaultServer === '' ? [] : [`  default-server ${defaultServer}`]),
        ...servers.map((one) => serverLine(one, isStatic, ornate)),
        '',
      ].join('\n');
    })
    .join('');

function serverLine(one: TestServer, isStatic: boolean, ornate: boolean): string {
  const { name, host, port, weight, maxconn, disabled } = one;
  const line = [
    ...(weight === undefined || isStatic ? [] : [`weight ${weight}`]),
    ...(maxconn === undefined ? [] : [`maxconn ${maxconn}`]),
    ...(disabled ? ['disabled'] : []),
    ...(one.options === '' ? [] : [one.options]),
  ].join(' ');
  return ornate
    ? `\tserver "${name}"  '${host}:${port}' ${line} # ${name}`
    : `  server ${name} ${host}:${port} ${line}`;
}
