import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { certificateNameFault, parseJsonObject, parseServiceEntry, readCertificatePair } from '../src/index.ts';
import { pems } from './cluster/pems.ts';

const { one, two } = pems;
const reasonOf = (certificate: string, key: string = one.key) => {
  const read = readCertificatePair(certificate, key);
  return read.ok ? undefined : read.reason;
};
const wrap = (label: string, body: string) => `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;
const body = (pem: string) => pem.split('\n').slice(1, -2).join('\n');

describe('a certificate and its key', () => {
  it('are handed on as OpenSSL writes them', () => {
    const chain = one.certificate + two.certificate;
    expect(readCertificatePair(chain, one.key)).toEqual({ ok: true, pair: { certificate: chain, key: one.key } });
    const strange = `# comment\r\n${chain.replaceAll('\n', '\r\n').trimEnd()}`;
    const key = `${wrap('EC PARAMETERS', 'BggqhkjOPQMBBw==')}${one.key.trimEnd()}`;
    expect(readCertificatePair(strange, key)).toEqual({ ok: true, pair: { certificate: chain, key: one.key } });
  });

  it.each(['X509 CERTIFICATE', 'TRUSTED CERTIFICATE'])('labelled %s becomes what HAProxy shows', (label) => {
    const read = readCertificatePair(wrap(label, body(one.certificate)), one.key);
    expect(read).toEqual({ ok: true, pair: one });
  });

  it('with trust settings behind it loses them', () => {
    // What openssl x509 -addtrust serverAuth -trustout appends: SEQUENCE { SEQUENCE { OID serverAuth } }.
    const aux = Buffer.from('300c300a06082b06010505070301', 'hex');
    const der = Buffer.concat([new X509Certificate(one.certificate).raw, aux]).toString('base64');
    expect(readCertificatePair(wrap('TRUSTED CERTIFICATE', der), one.key)).toEqual({ ok: true, pair: one });
  });

  it.each<[what: string, certificate: string, reason: string]>([
    ['no certificate at all', 'garbage', 'the certificate is not a readable PEM certificate'],
    [
      'a damaged second block',
      one.certificate + wrap('CERTIFICATE', 'AAAA'),
      'block 2 of the certificate is no readable certificate',
    ],
    [
      'a block that is no base64',
      one.certificate + wrap('CERTIFICATE', 'A*=='),
      'block 2 (CERTIFICATE) holds something else than base64',
    ],
    [
      'a block without end',
      one.certificate + two.certificate.replace(/-----END.*/s, ''),
      'block 2 (CERTIFICATE) has no END line',
    ],
    [
      'a block in a block',
      one.certificate.replace(/-----END.*/s, '') + two.certificate,
      'block 1 (CERTIFICATE) has no END line',
    ],
    ['a label that ends otherwise', one.certificate.replace('END CERT', 'END X509 CERT'), 'ends as X509 CERTIFICATE'],
    [
      'a damaged line',
      one.certificate.replace('-----END CERTIFICATE-----', '-----END CERTIFICATE---'),
      'damaged BEGIN or END line',
    ],
    [
      'a request',
      one.certificate + wrap('CERTIFICATE REQUEST', 'AAAA'),
      'nothing that belongs into a certificate chain',
    ],
  ])('with %s are set aside', (_, certificate, reason) => {
    expect(reasonOf(certificate)).toContain(reason);
  });

  it.each<[what: string, key: string, reason: string]>([
    ['of another certificate', two.key, 'the key does not belong to the certificate'],
    ['that is encrypted', wrap('ENCRYPTED PRIVATE KEY', body(one.key)), 'encrypted keys are not supported'],
    ['with its certificate', one.key + one.certificate, 'the key has a second block (CERTIFICATE)'],
    [
      'with bytes behind it',
      wrap('PRIVATE KEY', Buffer.concat([Buffer.from(body(one.key), 'base64'), Buffer.alloc(3)]).toString('base64')),
      'not a readable PEM private key',
    ],
  ])('a key %s is set aside', (_, key, reason) => {
    expect(reasonOf(one.certificate, key)).toContain(reason);
  });
});

it.each(['blog.sctl', 'blog.ocsp', 'blog.issuer', 'blog.key', 'blog.rsa', 'blog.dsa', 'blog.ecdsa', 'x'.repeat(252)])(
  'a certificate cannot be called %s',
  (name) => {
    expect(certificateNameFault(name)).toMatch(/give it (another name|a shorter one)$/);
  },
);

it.each(['blog', 'blog.pem', 'blog.crt', 'key', 'blog.key.example.com', 'x'.repeat(251)])(
  'a certificate can be called %s',
  (name) => {
    expect(certificateNameFault(name)).toBeUndefined();
  },
);

it('a value that is nested too deep is no JSON object for anybody', () => {
  const deep = (levels: number) => `{"a":${'['.repeat(levels)}${']'.repeat(levels)}}`;
  expect(parseJsonObject(deep(30_000))).toEqual({ ok: false, reason: 'nested more than 100 levels deep' });
  expect(parseJsonObject(deep(99)).ok).toBe(true);
  expect(parseJsonObject(JSON.stringify({ text: '[{'.repeat(200), 'quo"te\\': '\\"[' })).ok).toBe(true);
});

it('a service entry cannot name a namespace that there cannot be', () => {
  for (const namespace of ['a/b', 'Web', 'web\n', '\ud800'])
    expect(parseServiceEntry('shop', JSON.stringify({ namespace, selector: {} }))).toMatchObject({ ok: false });
});
