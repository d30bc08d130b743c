import fc from 'fast-check';

const names = ['b', 'c', 'd', 'e'] as const;

/** Which certificates exist and in which of three issues; what the crt-list, the map and the pattern file hold. */
export interface TestFiles {
  issues: Record<string, number>;
  listed: { name: string; filter: boolean }[];
  hosts: { key: string; value: string }[];
  denied: string[];
}

const hosts = fc.uniqueArray(
  fc.record({
    key: fc.constantFrom('one', 'two', 'three', 'four', 'a.b/c', 'x_y'),
    value: fc.constantFrom('b0', 'b1', 'b 2', '\\w+'),
  }),
  { selector: ({ key }) => key, maxLength: 6 },
);

const issues = fc
  .tuple(
    fc.integer({ min: 0, max: 2 }),
    ...names.map(() => fc.option(fc.integer({ min: 0, max: 2 }), { nil: undefined })),
  )
  .map(([first, ...others]): Record<string, number> => {
    const found: Record<string, number> = { a: first };
    others.forEach((issue, at) => {
      if (issue !== undefined) found[names[at] ?? ''] = issue;
    });
    return found;
  });

export const testFiles: fc.Arbitrary<TestFiles> = issues.chain((found) =>
  fc.record({
    issues: fc.constant(found),
    listed: fc
      .uniqueArray(fc.record({ name: fc.constantFrom(...Object.keys(found)), filter: fc.boolean() }), {
        selector: ({ name }) => name,
        maxLength: 4,
      })
      .map((listed) => [{ name: 'a', filter: false }, ...listed.filter(({ name }) => name !== 'a')]),
    hosts,
    denied: fc.uniqueArray(fc.constantFrom('/x', '/y z', '/a\\b', '/q;r'), { maxLength: 4 }),
  }),
);

export const filesOf = (
  { issues, listed, hosts, denied }: TestFiles,
  pem: (name: string, issue: number) => string,
  root: string,
): Record<string, string> => ({
  ...Object.fromEntries(Object.entries(issues).map(([name, issue]) => [`ssl/${name}.pem`, pem(name, issue)])),
  'crt-list': listed
    .map(({ name, filter }) => `${root}/ssl/${name}.pem${filter ? ` [alpn h2] ${name}.test` : ''}\n`)
    .join(''),
  'files/hosts.map': `# hosts\n${hosts.map(({ key, value }) => `${key}   ${value}\n`).join('')}`,
  'files/denied.lst': denied.map((path) => `${path}\n`).join(''),
});

export const filesConfig = (root: string, [directory, list, single]: readonly number[]): string => `defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s
frontend in
  bind 127.0.0.1:${directory} ssl crt ${root}/ssl/
  bind 127.0.0.1:${list} ssl crt-list ${root}/crt-list
  bind 127.0.0.1:${single} ssl crt ${root}/ssl/a.pem
  acl denied path -f ${root}/files/denied.lst
  http-request deny if denied
  http-request set-header x-host %[hdr(host),map(${root}/files/hosts.map,none)]
  default_backend b
backend b
  server s 127.0.0.1:9
`;
