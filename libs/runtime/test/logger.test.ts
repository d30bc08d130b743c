import { describe, expect, it } from 'vitest';
import { createLogger, scrub } from '../src/index.ts';

function logged(write: (log: ReturnType<typeof createLogger>) => void, level = 'info'): Record<string, unknown>[] {
  const lines: string[] = [];
  write(
    createLogger({ app: 'agent', level, fields: { fleet: 'lb' }, destination: { write: (line) => lines.push(line) } }),
  );
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('the log', () => {
  it('is JSON lines with standard fields, from the level up', () => {
    const lines = logged((log) => {
      log.debug('no');
      log.warn({ version: 3 }, 'yes');
    });
    expect(lines).toEqual([
      expect.objectContaining({ level: 'warn', app: 'agent', fleet: 'lb', version: 3, msg: 'yes' }),
    ]);
  });

  it('hides what is secret by its name', () => {
    const [line] = logged((log) => {
      log.info({ password: 'hunter2', config: { FLOTILLA_KEY: 'hunter2' }, name: 'kept' });
    });
    expect(JSON.stringify(line)).not.toContain('hunter2');
    expect(line).toMatchObject({ name: 'kept' });
  });

  it('hides a private key and the password in a URL, wherever they stand', () => {
    const pem = '-----BEGIN EC PRIVATE KEY-----\nhunter2\n-----END EC PRIVATE KEY-----\n';
    const [line] = logged((log) => {
      log.error(new Error(`cannot read ${pem} from redis://user:hunter2@host:1/0`));
    });
    expect(JSON.stringify(line)).not.toContain('hunter2');
    expect(line?.['msg']).toBe('cannot read [private key]\n from redis://user:[password]@host:1/0');
  });
});

describe('scrubbing', () => {
  it('cuts a key off that has no end, but not what follows in a JSON line', () => {
    expect(scrub('{"a":"-----BEGIN PRIVATE KEY-----\\nabc","b":"kept"}')).toBe('{"a":"[private key]","b":"kept"}');
  });

  it('leaves other text alone', () => {
    const text = 'http://127.0.0.1:9101 mail@example.com -----BEGIN CERTIFICATE-----';
    expect(scrub(text)).toBe(text);
  });
});
