import fc from 'fast-check';

export interface TestServer {
  name: string;
  host: number;
  port: number;
  weight?: number | undefined;
  maxconn?: number | undefined;
  disabled: boolean;
  backup: boolean;
}

export interface TestBackend {
  defaultServer: string;
  servers: TestServer[];
}

/** One value a backend of `backendLines`. */
export type TestConfig = TestBackend[];

/** Balances that take servers at runtime and one that does not. */
const backendLines = [
  ['balance roundrobin'],
  ['balance leastconn', 'cookie SRV insert dynamic', 'dynamic-cookie-key k'],
  ['balance random'],
  ['balance uri', 'hash-type consistent'],
  ['balance source'],
];

const server: fc.Arbitrary<TestServer> = fc.record({
  name: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g-1', 'h.2'),
  host: fc.integer({ min: 1, max: 4 }),
  port: fc.integer({ min: 1, max: 65_535 }),
  weight: fc.option(fc.integer({ min: 0, max: 256 }), { nil: undefined, freq: 2 }),
  maxconn: fc.option(fc.integer({ min: 1, max: 500 }), { nil: undefined, freq: 4 }),
  disabled: fc.integer({ min: 0, max: 4 }).map((value) => value === 0),
  backup: fc.integer({ min: 0, max: 9 }).map((value) => value === 0),
});

const backend: fc.Arbitrary<TestBackend> = fc.record({
  defaultServer: fc.constantFrom(
    '',
    '',
    '',
    '  default-server check inter 30s weight 7\n',
    '  default-server disabled maxqueue 5\n',
  ),
  servers: fc.uniqueArray(server, { selector: ({ name }) => name, maxLength: 6 }),
});

const config: fc.Arbitrary<TestConfig> = fc.tuple(...backendLines.map(() => backend));

/** Most steps touch one or two backends, and few of them a `default-server` line or the static backend. */
const step = fc.record({
  next: config,
  touched: fc.uniqueArray(fc.constantFrom<number[]>(0, 0, 1, 1, 2, 2, 3, 3, 4), { minLength: 1, maxLength: 2 }),
  newDefaults: fc.integer({ min: 0, max: 7 }).map((value) => value === 0),
  /** What becomes of the servers that were there: most stay. */
  fates: fc.array(fc.constantFrom('keep', 'keep', 'keep', 'move', 'drop', 'toggle'), { minLength: 8, maxLength: 8 }),
  sweep: fc.boolean(),
});

export type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

export const steps = fc.array(step, { minLength: 2, maxLength: 8 });

export const blend = (last: TestConfig, { next, touched, newDefaults, fates }: Step): TestConfig =>
  last.map((old, at) => {
    const wanted = next[at];
    if (!wanted || !touched.includes(at)) return old;
    const kept = old.servers.flatMap((one, index) => {
      const fate = fates[index];
      if (fate === 'drop') return [];
      if (fate === 'toggle') return [{ ...one, disabled: !one.disabled }];
      const other = wanted.servers[index];
      return fate === 'move' && other ? [{ ...one, host: other.host, port: other.port, weight: other.weight }] : [one];
    });
    const fresh = wanted.servers.filter(({ name }) => !kept.some((other) => other.name === name)).slice(0, 3);
    return { defaultServer: newDefaults ? wanted.defaultServer : old.defaultServer, servers: [...fresh, ...kept] };
  });

export function render(config: TestConfig, bind: string): string {
  const backends = config.map(
    ({ defaultServer, servers }, at) =>
      `backend be${at}\n${(backendLines[at] ?? []).map((line) => `  ${line}\n`).join('')}${defaultServer}${servers
        .map((one) => `${serverLine(one, backendLines[at]?.[0] === 'balance source')}\n`)
        .join('')}`,
  );
  return `defaults\n  mode http\n  timeout connect 1s\n  timeout client 5s\n  timeout server 5s\nfrontend in\n  bind ${bind}\n  default_backend be0\n${backends.join('\n')}`;
}

const serverLine = ({ name, host, port, weight, maxconn, disabled, backup }: TestServer, plain: boolean): string =>
  [
    `  server ${name} 127.0.0.${host}:${port}`,
    ...(weight === undefined || plain ? [] : [`weight ${weight}`]),
    ...(maxconn === undefined ? [] : [`maxconn ${maxconn}`]),
    ...(disabled ? ['disabled'] : []),
    ...(backup ? ['backup'] : []),
  ].join(' ');
