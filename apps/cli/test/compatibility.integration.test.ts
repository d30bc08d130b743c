import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cleanUp, pod, repositoryRoot } from '@flotilla/testkit';
import { afterEach, expect, it } from 'vitest';
import { config, flotilla, folderOf, services } from './flotilla.ts';

afterEach(cleanUp);

const read = (path: string): string => readFileSync(join(repositoryRoot(), path), 'utf8');

/** What Python's Jinja2 gives for it, on a node's paths. */
const expected = `global
    maxconn 4096
    log 127.0.0.1 local0

defaults
    mode http
    log global
    option httplog
    balance leastconn
    timeout connect 5s
    timeout client 50s
    timeout server 50s
    stats enable
    stats uri /haproxy?stats
    stats realm Haproxy\\ Statistics
    stats auth stats:s3cret

frontend http
    bind *:80
    acl host_1_1 hdr(host),host_only -i blog.example.com
    use_backend blog if host_1_1
    acl host_1_2 hdr(host),host_only -m reg -i www\\.blog\\.
    use_backend blog if host_1_2
    acl host_2_1 hdr(host),host_only -i shop.example.com
    use_backend shop if host_2_1 { path_reg -i ^/shop }

frontend https
    bind *:443 ssl crt /var/lib/flotilla/current/ssl/shop.example.com.pem crt /var/lib/flotilla/current/ssl/shop.example.com
    http-request set-header X-Stage TEST

backend blog
    # BLOG.EXAMPLE.COM, ^WWW\\.BLOG\\.

backend shop
    # SHOP.EXAMPLE.COM
    server shop-1_1 10.0.0.1:8080
    server shop-1_2 10.0.0.1:8081
    server shop-2_1 10.0.0.2:8080
    server shop-2_2 10.0.0.2:8081
`;

it("a template as kubernetes-haproxy's README has it renders to the same bytes, and HAProxy takes it", async () => {
  const of = (name: string, more: object) => ({ namespace: 'default', selector: { app: name }, ...more });
  const labels = { app: 'shop' };
  const manifests = folderOf({
    'config.json': config({ template: read('apps/cli/test/original-template.j2') }),
    'services.json': services({
      shop: of('shop', { hostnames: ['shop.example.com'], ports: [8080, 8081], path: '^/shop' }),
      blog: of('blog', { hostnames: ['blog.example.com', '^www\\.blog\\.'], ports: [80] }),
    }),
    'certificates.yaml': read('examples/https/certificates.yaml'),
    'keys.yaml': read('examples/https/keys.yaml'),
    'pods.yaml': [
      pod({ name: 'shop-2', ip: '10.0.0.2', labels }),
      pod({ name: 'shop-1', ip: '10.0.0.1', labels }),
      pod({ name: 'shop-3', ip: '10.0.0.3', labels, ready: false }),
    ]
      .map((object) => JSON.stringify(object))
      .join('\n---\n'),
  });
  const env = { STATISTICS_PASSWORD: 's3cret', FLOTILLA_TEMPLATE_ENV: 'STAGE', STAGE: 'test' };
  const { code, stdout, stderr } = await flotilla(['render', '--manifests', manifests], env);
  expect(stdout).toBe(expected);
  expect(stderr).toContain('HAProxy: valid');
  expect(code).toBe(0);
});
