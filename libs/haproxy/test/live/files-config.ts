import fc from 'fast-check';

/** Certificates beside the first one; two of them answer a name that both have. */
export const certificateNames: Readonly<Record<string, string[]>> = {
  a: ['a.test'],
  b: ['b.test', 'shared.test'],
  c: ['c.test'],
  d: ['d.test', 'shared.test', '*.wild.test'],
  e: ['e.test'],
};
export const askedNames = [...'abcde'].map((name) => `${name}.test`).concat('shared.test', 'x.wild.test', 'none.test');

/** Issues of a certificate; the last one is too large for the socket. */
export const issueCount = 4;

/** Which certificates exist and in which issue; what the crt-list, the map and the pattern file hold. */
export interface TestFiles {
  issues: Record<string, number>;
  client: number;
  listed: { name: string; filter: boolean }[];
  hosts: { key: string; value: string }[];
  denied: string[];
}

export const firstFiles: TestFiles = {
  issues: { a: 0 },
  client: 0,
  listed: [{ name: 'a', filter: false }],
  hosts: [],
  denied: [],
};

const issue = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: 0, max: issueCount - 2 }) },
  { weight: 1, arbitrary: fc.constant(issueCount - 1) },
);

const hosts = fc.uniqueArray(
  fc.record({
    key: fc.constantFrom('one', 'two', 'three', 'four', 'a.b/c', 'x_y'),
    value: fc.constantFrom('b0', 'b1', 'b 2', '\\w+'),
  }),
  { selector: ({ key }) => key, maxLength: 6 },
);

const names = fc.constantFrom(...Object.keys(certificateNames));

/** Most steps touch one or two things; lists are sorted as a rule. */
const step = fc.record({
  certificate: names,
  issue: fc.option(issue, { nil: undefined, freq: 3 }),
  member: fc.option(fc.record({ name: names, filter: fc.boolean() }), { nil: undefined, freq: 2 }),
  shuffled: fc.integer({ min: 0, max: 15 }).map((value) => value === 0),
  client: fc.option(issue, { nil: undefined, freq: 1 }),
  hosts: fc.option(hosts, { nil: undefined, freq: 1 }),
  denied: fc.option(fc.uniqueArray(fc.constantFrom('/x', '/y z', '/a\\b', '/q;r'), { maxLength: 4 }), {
    nil: undefined,
    freq: 1,
  }),
});

export type FilesStep = typeof step extends fc.Arbitrary<infer T> ? T : never;

export const filesSteps = fc.array(step, { minLength: 2, maxLength: 8 });

export function blendFiles(last: TestFiles, next: FilesStep): TestFiles {
  const issues = { ...last.issues };
  if (next.issue !== undefined) issues[next.certificate] = next.issue;
  else if (next.certificate !== 'a') Reflect.deleteProperty(issues, next.certificate);
  return {
    issues,
    client: next.client ?? last.client,
    listed: membersOf(last.listed, next).filter(({ name }) => issues[name] !== undefined),
    hosts: next.hosts ?? last.hosts,
    denied: next.denied ?? last.denied,
  };
}

/** A member enters, or leaves when it is there already. The first one stays, since a bind needs a certificate. */
function membersOf(listed: TestFiles['listed'], { member, shuffled }: FilesStep): TestFiles['listed'] {
  if (!member) return listed;
  const others = listed.filter(({ name }) => name !== member.name);
  const stays = others.length === listed.length || member.name === 'a';
  const all = [...others, ...(stays ? [member] : [])].sort((x, y) => (x.name < y.name ? -1 : 1));
  return shuffled ? all.reverse() : all;
}

export const filesOf = (
  { issues, client, listed, hosts, denied }: TestFiles,
  pem: (name: string, issue: number) => string,
  root: string,
): Record<string, string> => ({
  ...Object.fromEntries(Object.entries(issues).map(([name, at]) => [`ssl/${name}.pem`, pem(name, at)])),
  'client.pem': pem('client', client),
  'crt-list': listed
    .map(({ name, filter }) => `${listEntry(name, root)}${filter ? ` [alpn h2] ${name}.test` : ''}\n`)
    .join(''),
  'files/hosts.map': `# hosts\n${hosts.map(({ key, value }) => `${key}   ${value}\n`).join('')}`,
  'files/denied.lst': denied.map((path) => `${path}\n`).join(''),
});

/** One of them stands there relative to `crt-base`. */
const listEntry = (name: string, root: string): string => (name === 'c' ? 'ssl/c.pem' : `${root}/ssl/${name}.pem`);

export const filesConfig = (root: string, [directory, list, single]: readonly number[]): string => `global
  crt-base ${root}
defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s
frontend in
  bind 127.0.0.1:${directory} ssl crt ${root}/ssl/
  bind 127.0.0.1:${list} ssl crt-list ${root}/crt-list
  bind 127.0.0.1:${single} ssl crt ssl/a.pem
  acl denied path -f ${root}/files/denied.lst
  http-request deny if denied
  http-request set-header x-host %[hdr(host),map(${root}/files/hosts.map,none)]
  default_backend b
backend b
  server s 127.0.0.1:9 ssl verify none crt client.pem
`;
