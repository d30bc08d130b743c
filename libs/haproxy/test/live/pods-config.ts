/** A frontend on the port, and one backend per name with its own lines; `use_backend` by the first part of the path. */
export const podsConfig = (port: number, backends: Record<string, string[]>): string =>
  [
    'defaults',
    '  mode http',
    '  timeout connect 1s',
    '  timeout client 10s',
    '  timeout server 10s',
    '  timeout tunnel 1h',
    'frontend in',
    `  bind 127.0.0.1:${port}`,
    ...Object.keys(backends).map((name) => `  use_backend ${name} if { path_beg /${name} }`),
    ...Object.entries(backends).flatMap(([name, lines]) => [`backend ${name}`, ...lines.map((line) => `  ${line}`)]),
    '',
  ].join('\n');

export const serverLine = (pod: { name: string; host: string; port: number }, options = ''): string =>
  `server ${pod.name} ${pod.host}:${pod.port}${options === '' ? '' : ` ${options}`}`;
