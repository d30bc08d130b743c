import { describe, expect, it } from 'vitest';
import { redactConfigSecrets } from '../../src/process/redact.ts';

const config = String.raw`
global
  setenv TOKEN tok-en-9
listen stats
  stats auth stats:hunter2hunter2
  stats auth joe:"two words"
  stats auth ann:with\ blank
  stats auth x:ab
userlist u
  user a password $5$abc groups g
  user b groups g insecure-password plain-pass
  user c insecure-password "unclosed quote
frontend f
  http-request set-header Authorization "Basic c3RhdHM6YWJj"
  http-request deny unless { http_auth_bearer,jwt_verify(req.alg,"hmac-secret") 1 }
`;

describe('redactConfigSecrets', () => {
  it.each([
    'hunter2hunter2',
    'two words',
    '"two words"',
    'with blank',
    String.raw`with\ blank`,
    '$5$abc',
    'plain-pass',
    'unclosed quote',
    'tok-en-9',
    'c3RhdHM6YWJj',
    'hmac-secret',
  ])('hides %s', (secret) => {
    expect(redactConfigSecrets(`parsing [x:3]: bad word ${secret} here`, config)).not.toContain(secret);
  });

  it('hides a short password only where it is a word of its own', () => {
    expect(redactConfigSecrets('stats auth x:ab is about to fail', config)).toBe('stats auth x:*** is about to fail');
  });

  it('hides further secrets and leaves everything else', () => {
    expect(redactConfigSecrets('parsing [haproxy.cfg:3]: groups g, s3cret-thing', config, ['s3cret-thing', ''])).toBe(
      'parsing [haproxy.cfg:3]: groups g, ***',
    );
  });
});
