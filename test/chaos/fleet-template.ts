/**
 * The template that the fleets render, and the same text computed without any template engine: what a node must run
 * follows from what stands in etcd alone.
 */
import type { Entry, ReadyPod } from './content.ts';

const template = (round: number): string => `global
  maxconn ${round}

defaults
  mode http
  option redispatch
  option idle-close-on-response
  timeout connect 5s
  timeout client 50s
  timeout server 50s

frontend http
  bind "\${HTTP_BIND-:80}"
  use_backend %[req.hdr(host),host_only,lower,map({{ filesdir }}/hosts.map)]

frontend https
  bind "\${HTTPS_BIND-:443}" ssl crt-list {{ crtlist }} alpn h2,http/1.1
  use_backend %[req.hdr(host),host_only,lower,map({{ filesdir }}/hosts.map)]
{% for service in services %}
backend {{ service.name }}
  balance {{ service.balance }}
{%- if service.balance == 'source' %}
  hash-type consistent
{%- endif %}
{%- for pod in service.pods.values() %}
  server {{ pod.metadata.name }} {{ pod.status.podIP }}:{{ service.port }} weight {{ service.weight }}{% if service.check %} check{% endif %}
{%- endfor %}
{% endfor %}
`;

/** Numbers that are no good template's `maxconn`: how each bad one looks. */
const broken = ['{% for %}', '{{ 1 / 0 }}', 'global\n  no-such-keyword 1\n', '{% include "nothing" %}'];

export const brokenTemplates = broken.length;
export const templateText = (round: number): string => (round < 0 ? (broken[-round - 1] ?? '') : template(round));
export const hostsTemplate = `{% for service in services %}{{ service.name }}.example.com {{ service.name }}\n{% endfor %}`;
export const hostOf = (service: string): string => `${service}.example.com`;

/** haproxy.cfg with \`@\` in place of the folder of the release. */
export function expectedConfig(round: number, services: readonly ExpectedService[]): string {
  const head = template(round)
    .replace(/\{% for service in services %\}[^]*/, '')
    .replaceAll('{{ filesdir }}', '@/files')
    .replace('{{ crtlist }}', '@/crt-list');
  return head + services.map(backendText).join('');
}

export interface ExpectedService {
  readonly name: string;
  readonly entry: Entry;
  readonly pods: readonly ReadyPod[];
}

const backendText = ({ name, entry, pods }: ExpectedService): string =>
  [
    '',
    `backend ${name}`,
    `  balance ${entry.balance}`,
    ...(entry.balance === 'source' ? ['  hash-type consistent'] : []),
    ...pods.map(
      (pod) => `  server ${pod.name} ${pod.ip}:${entry.port} weight ${entry.weight}${entry.check ? ' check' : ''}`,
    ),
    '',
  ].join('\n');

export const expectedHosts = (services: readonly ExpectedService[]): string =>
  services.map(({ name }) => `${hostOf(name)} ${name}\n`).join('');

/** The number in the template, which says which one it is; undefined for a text that is none of ours. */
export function roundOf(text: string): number | undefined {
  const at = broken.indexOf(text);
  if (at >= 0) return -at - 1;
  const number = /^ {2}maxconn (\d+)$/m.exec(text)?.[1];
  return number !== undefined && template(Number(number)) === text ? Number(number) : undefined;
}
