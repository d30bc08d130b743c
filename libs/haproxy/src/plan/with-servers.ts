import type { ConfigModel } from '../model/config.ts';
import type { Line } from '../model/line.ts';
import type { Section } from '../model/section.ts';

/**
 * A configuration with the servers of another one: what a node runs whose configuration stays while its pods move on.
 * Backends that only one of them has, and those that cannot be read as plain lines, stay as they are. It gives the
 * text; whether HAProxy takes it is for HAProxy to say.
 */
export function withServersOf(config: ConfigModel, other: ConfigModel): string {
  const others = byKey(other.sections);
  const own = byKey(config.sections);
  return config.sections
    .map((section) => {
      const wanted = others.get(section.key);
      const text = wanted && own.get(section.key) === section ? sectionWith(section, wanted) : section.text;
      // The other one's last line may lack its end.
      return section.text.endsWith('\n') && !text.endsWith('\n') ? `${text}\n` : text;
    })
    .join('');
}

/** Proxies by kind and name; two of one name are none. */
function byKey(sections: readonly Section[]): ReadonlyMap<string, Section | undefined> {
  const found = new Map<string, Section | undefined>();
  for (const section of sections) {
    if (section.isProxy) found.set(section.key, found.has(section.key) ? undefined : section);
  }
  return found;
}

function sectionWith(section: Section, wanted: Section): string {
  if (section.text === wanted.text || !section.readable || !wanted.readable) return section.text;
  if (signatures(section.rules) === signatures(wanted.rules)) return wanted.text;
  if (!standsApart(section) || !standsApart(wanted)) return section.text;
  if (signatures(defaultServers(section)) !== signatures(defaultServers(wanted))) return section.text;
  const rules = section.lines.filter((line) => !line.isServer);
  const first = section.lines.findIndex((line) => line.isServer);
  const at = first < 0 ? lastRule(section) : first;
  const servers = wanted.lines.filter((line) => line.isServer);
  return [...rules.slice(0, at), ...servers, ...rules.slice(at)].map(({ text }) => text.replace(/\n?$/, '\n')).join('');
}

const signatures = (lines: readonly Line[]): string => lines.map((line) => line.signature).join('\n');
const defaultServers = ({ rules }: Section): Line[] => rules.filter(({ keyword }) => keyword === 'default-server');

/** Behind the last line that says something: what follows are the blank lines before the next section. */
const lastRule = ({ lines }: Section): number => lines.findLastIndex((line) => !line.isBlank) + 1;

/** Its `default-server` lines count for all servers alike, and none is made by a `server-template`. */
function standsApart({ lines }: Section): boolean {
  const first = lines.findIndex((line) => line.isServer);
  const last = lines.findLastIndex(({ keyword }) => keyword === 'default-server');
  return (first < 0 || last < first) && !lines.some(({ keyword }) => keyword === 'server-template');
}
