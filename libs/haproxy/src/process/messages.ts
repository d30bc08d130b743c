import { dirname } from 'node:path';

/** One message that HAProxy printed while it started or checked its configuration. */
export interface HaproxyMessage {
  readonly severity: 'alert' | 'warning' | 'notice';
  readonly text: string;
}

/** Characters kept of HAProxy's words; a broken template can make one message a line. */
const maxWords = 4_000;

// `[ALERT]    (123) : config : text` from 2.4 on, `[ALERT] 123/201530 (123) : text` before.
const head = /^\[(ALERT|EMERG|WARNING|NOTICE|DIAG)[^\]]*\]\s*(?:\S+\s+)?\(\d+\)\s*:\s*(?:config\s*:\s*)?(.*)$/;

// Lines without a head that stand on standard output, after the messages.
const noListener = 'Configuration file has no error but will not start';
const verdict = /^(?:Warnings were found\.|Configuration file is valid)$/;

// They only say that something was wrong; the messages before say what.
const summaries = [
  /^Error\(s\) found in configuration file/,
  /^Fatal errors found in configuration/,
  /^Some errors found in configuration/,
];

/** Reads what HAProxy printed; a line without a head belongs to the message before it. */
export function readMessages(output: string): HaproxyMessage[] {
  const messages: { severity: HaproxyMessage['severity']; text: string }[] = [];
  for (const line of output.split('\n')) {
    const match = head.exec(line);
    const last = messages.at(-1);
    if (match) messages.push({ severity: severityOf(match[1]), text: match[2] ?? '' });
    else if (line.startsWith(noListener)) messages.push({ severity: 'alert', text: line });
    else if (verdict.test(line)) continue;
    else if (last && line.trim() !== '') last.text += `\n${line}`;
  }
  return messages;
}

/** A worker that was ended by a signal, of this configuration or of the one before it; one that refuses exits by itself. */
const killed = /^(?:Current|Failed to load) worker\b.* exited with code (?:1[3-9]\d|12[89]|[2-9]\d\d)\b/;

/**
 * Alerts that say nothing about the configuration (haproxy.c, mworker.c and cfgparse*.c, from 2.4 to 3.5): the machine
 * or the master had nothing left to start a worker with, which may be otherwise at the next try; or HAProxy went on.
 */
const noVerdicts = [
  killed,
  /^(?:Current|Former|Failed to load) (?:worker|program)\b.*exited with code/,
  /^Process \d+ exited with code/,
  /^exit-on-failure: killing/,
  /out of memory|cannot allocate|could not allocate|failed to allocate|too many open files/i,
  /Cannot fork\.|waitpid\(\) failed|Cannot (?:open|make) \/dev\/null/,
  /socketpair|Can't create the master's CLI|Can't create the mcli_reload|master CLI socket/i,
  /Failed to get the sockets from the old process/,
  /^Master encountered|^Master failed to deserialize|Failed to deserialize data for the master|^Worker failed to/,
  /Failed to send READY status|Cannot transfer connection fd|Failed to write into pipe with parent/,
  /Cannot create pipe for getting the status/,
  /\bcontinuing\.?$/i,
];

/**
 * Whether HAProxy itself refuses what it read. Else somebody or something may have ended it, and the next try may go
 * well.
 */
export function isRefusal(output: string): boolean {
  const messages = readMessages(output);
  if (messages.some(({ text }) => killed.test(text))) return false;
  const alerts = messages.filter(({ severity }) => severity === 'alert').map(({ text }) => text);
  const causes = alerts.filter((text) => !isSummary(text));
  return causes.length > 0 ? causes.some((text) => !saysNothing(text)) : alerts.length > 0;
}

const isSummary = (text: string): boolean => summaries.some((summary) => summary.test(text));
const saysNothing = (text: string): boolean => noVerdicts.some((pattern) => pattern.test(text));

/** The alerts (or, without one, everything it printed), one a line, with the folder of the checked files left out. */
export function wordsOf(output: string, folders: readonly string[] = []): string {
  const messages = readMessages(output);
  const alerts = messages.filter(({ severity }) => severity === 'alert').map(({ text }) => text);
  const causes = alerts.filter((text) => !isSummary(text));
  const chosen = causes.length > 0 ? causes : alerts.length > 0 ? alerts : [output];
  return limit(shortenPaths([...new Set(chosen)].join('\n').trim(), folders));
}

export function warningsOf(output: string, folders: readonly string[] = []): string[] {
  const warnings = readMessages(output).filter(({ severity }) => severity === 'warning');
  return warnings.map(({ text }) => limit(shortenPaths(text.trim(), folders)));
}

export const foldersOf = (files: readonly string[]): string[] => [...new Set(files.map(dirname))];

/** `/long/folder/haproxy.cfg:3` becomes `haproxy.cfg:3`: the folder is temporary and says nothing to the user. */
function shortenPaths(text: string, folders: readonly string[]): string {
  return folders
    .filter((folder) => folder.length > 1 && folder.startsWith('/'))
    .reduce((shortened, folder) => shortened.replaceAll(`${folder}/`, ''), text);
}

const severityOf = (word: string | undefined): HaproxyMessage['severity'] =>
  word === 'ALERT' || word === 'EMERG' ? 'alert' : word === 'WARNING' ? 'warning' : 'notice';

const limit = (text: string): string => (text.length <= maxWords ? text : `${text.slice(0, maxWords)} …`);
