const mark = '***';
/** Shorter secrets are only replaced where they stand as a word of their own: "a" is in every message. */
const wordOnlyBelow = 5;

/**
 * Replaces the passwords of a configuration in a message about it; HAProxy quotes the line it cannot read.
 * Known places: `stats auth user:password`, `user … password|insecure-password …`, `setenv`/`presetenv`,
 * `Authorization` header values, and the keys of `jwt_verify`, `hmac` and `aes_*`. `also` takes further secrets.
 */
export function redactConfigSecrets(message: string, configText: string, also: readonly string[] = []): string {
  const secrets = new Set([...configText.split('\n').flatMap(secretsOfLine), ...also].filter((text) => text !== ''));
  const longestFirst = [...secrets].sort((a, b) => b.length - a.length);
  return longestFirst.reduce(replaceSecret, message);
}

function replaceSecret(message: string, secret: string): string {
  if (secret.length >= wordOnlyBelow) return message.replaceAll(secret, mark);
  const escaped = secret.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return message.replace(new RegExp(`(?<![\\w])${escaped}(?![\\w])`, 'g'), mark);
}

const places: readonly RegExp[] = [
  /^\s*stats\s+auth\s+[^\s:]+:(.+)$/,
  /^\s*user\s+\S+\s.*?(?:insecure-)?password\s+(.+)$/,
  /^\s*(?:pre)?setenv\s+\S+\s+(.+)$/,
  /\bauthorization["']?\s+(.+)$/i,
];
const functions = /\b(?:jwt_verify|hmac|aes_\w+)\(([^)]*)\)/g;

/** Every form a secret of this line may be quoted in: as written, and as HAProxy reads it. */
function secretsOfLine(line: string): string[] {
  const rest = places.map((place) => place.exec(line)?.[1]).filter((text) => text !== undefined);
  const values = rest.flatMap((text) => formsOf(firstWord(text)));
  const keys = [...line.matchAll(functions)].flatMap(([, list = '']) => list.split(',').slice(1).flatMap(formsOf));
  return [...values, ...keys];
}

function formsOf(word: string): string[] {
  const written = word.trim();
  const bare = written.replace(/^["']|["']$/g, '');
  const read = bare.replace(/["']/g, '').replace(/\\(.)/g, '$1');
  // "Basic <token>": the token alone may be quoted as well.
  const token = /^\s*(?:Basic|Bearer)\s+(\S+)/i.exec(read)?.[1];
  return [written, bare, read, ...(token === undefined ? [] : [token])];
}

/** The first word as HAProxy splits it: quotes and backslashes keep blanks; an unclosed quote runs to the end. */
function firstWord(text: string): string {
  return /^(?:\\.|"(?:\\.|[^"\\])*(?:"|$)|'[^']*(?:'|$)|[^\s\\"'])+/.exec(text)?.[0] ?? text;
}
