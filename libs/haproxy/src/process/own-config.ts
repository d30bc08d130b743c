import type { ConfigModel } from '../model/config.ts';
import { type HaproxyVersion, atLeast, parseVersion } from '../model/version.ts';
import { quoteWord } from '../model/words.ts';

/**
 * The agent's own configuration file, loaded after the user's: several `-f` files merge (management guide, "-f").
 * It adds what the agent needs and bounds old workers, and leaves alone what the user's file sets.
 */
export interface OwnConfig {
  /** Path of the stats socket the agent talks to; HAProxy hands its listeners over through it as well. */
  readonly statsSocket: string;
  /** What identifies the release; a worker tells it with `show env FLOTILLA_RELEASE`. */
  readonly release: string;
  /** The user's configuration, to see what it sets itself. */
  readonly userConfig: ConfigModel;
  /** HAProxy's version, e.g. `2.6.12`; an unknown keyword would be fatal to an older one. */
  readonly version: string;
}

/**
 * The environment variable that identifies what a worker runs. Not `description`: that belongs to the user and shows
 * on the statistics page.
 */
export const releaseVariable = 'FLOTILLA_RELEASE';

/**
 * Bounds on old workers: each keeps its full memory while its last connection lives.
 * `close-spread-time` closes idle keep-alive connections one after the other instead of all at once, which would fail
 * the requests that are under way to them. With `option idle-close-on-response` none of them is closed under a client's
 * hands, and spreading would undo that: it closes idle connections all the same (seen on 2.6).
 */
const bounds: readonly { keyword: string; value: string; since: HaproxyVersion; unlessOption?: string }[] = [
  { keyword: 'hard-stop-after', value: '30m', since: [1, 8] },
  { keyword: 'mworker-max-reloads', value: '50', since: [2, 1] },
  { keyword: 'close-spread-time', value: '5s', since: [2, 6], unlessOption: 'idle-close-on-response' },
];

/** Places on the stats sockets that the agent may take at a time: the connection it holds ready, its looks and its changes. */
const ownConnections = 4;

export function ownConfig({ statsSocket, release, userConfig, version }: OwnConfig): string {
  const set = globalKeywords(userConfig);
  const options = optionsOf(userConfig);
  const known = parseVersion(version);
  const lines = bounds
    .filter(({ keyword, since }) => !set.has(keyword) && known && atLeast(known, since))
    .filter(({ unlessOption }) => unlessOption === undefined || !options.has(unlessOption))
    .map(({ keyword, value }) => `  ${keyword} ${value}`);
  return [
    '# Written by the Flotilla agent; loaded after haproxy.cfg.',
    'global',
    `  stats socket ${quoteWord(statsSocket)} mode 600 level admin expose-fd listeners`,
    `  setenv ${releaseVariable} ${quoteWord(release)}`,
    ...placesOf(userConfig),
    ...lines,
    '',
  ].join('\n');
}

/** What is set by `option` where clients connect, or for it; `no option` is another keyword. */
function optionsOf(config: ConfigModel): Set<string> {
  const frontSections = config.sections.filter(({ kind }) => kind !== 'backend');
  const lines = frontSections.flatMap(({ rules }) => rules.filter(({ keyword }) => keyword === 'option'));
  return new Set(lines.map(({ words }) => words[1]?.text ?? ''));
}

/** `stats maxconn` counts the connections of all stats sockets together: what the user allows stays theirs. */
function placesOf(config: ConfigModel): string[] {
  const limits = globalRules(config).filter(
    ({ keyword, words }) => keyword === 'stats' && words[1]?.text === 'maxconn',
  );
  const places = Number(limits.at(-1)?.words[2]?.text);
  return Number.isInteger(places) && places > 0 ? [`  stats maxconn ${places + ownConnections}`] : [];
}

const globalRules = (config: ConfigModel) =>
  config.sections.filter(({ kind }) => kind === 'global').flatMap(({ rules }) => rules);

const globalKeywords = (config: ConfigModel): Set<string> => new Set(globalRules(config).map(({ keyword }) => keyword));
