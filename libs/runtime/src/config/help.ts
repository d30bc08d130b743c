import type { Setting, Settings } from './settings.ts';

export interface ProgramHelp {
  readonly name: string;
  /** What it does, in a few plain lines. */
  readonly about: string;
  readonly settings: Settings;
}

/** The text of `--help`. */
export function helpText({ name, about, settings }: ProgramHelp): string {
  const entries = Object.entries(settings).map(([variable, declared]) => {
    const lines = wrap(`${declared.help} ${note(declared)}`, 74).map((line) => `      ${line}`);
    return [`  ${variable}`, ...lines].join('\n');
  });
  return [
    `flotilla ${name}: ${about}`,
    '',
    `Usage: node apps/${name}/dist/main.js [--help | --version]`,
    '',
    'It is configured by its environment alone:',
    '',
    entries.join('\n\n'),
    '',
    'Exit codes: 0 ended as asked, 64 a setting is missing or refused,',
    '70 an internal error.',
    '',
  ].join('\n');
}

/** The settings as a Markdown table. */
export function settingsTable(settings: Settings): string {
  const rows = Object.entries(settings).map(
    ([name, declared]) => `| \`${name}\` | ${declared.help.replaceAll('|', '\\|')} | ${cell(declared)} |`,
  );
  return ['| variable | meaning | default |', '| --- | --- | --- |', ...rows].join('\n');
}

function note({ default: value, optional, help }: Setting<unknown>): string {
  if (help.includes('Default:')) return '';
  if (value !== undefined) return `(default ${value === '' ? 'empty' : value})`;
  return optional ? '(optional)' : '(required)';
}

function cell(declared: Setting<unknown>): string {
  const { default: value, help } = declared;
  if (value !== undefined && value !== '' && !help.includes('Default:')) return `\`${value}\``;
  return note(declared).replace(/^\((?:default )?(.*)\)$/, '$1');
}

function wrap(content: string, width: number): string[] {
  const lines = [''];
  for (const word of content.trim().split(/\s+/)) {
    const last = lines.at(-1) ?? '';
    if (last !== '' && last.length + word.length + 1 > width) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines;
}
