/**
 * Whether a template reads the variable `stats`. HAProxy's own keyword `stats` stands outside of Jinja's tags, and in
 * strings, attributes and comments the word is not the variable.
 */
export function usesStats(template: string): boolean {
  const withoutComments = template.replace(/\{#[^]*?#\}/g, '');
  const tags = withoutComments.match(/\{\{[^]*?\}\}|\{%[^]*?%\}/g) ?? [];
  return tags.some((tag) => /(?<![\w.])stats\b/.test(tag.replace(/'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"/g, "''")));
}
