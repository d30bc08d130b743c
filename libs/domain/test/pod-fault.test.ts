import { describe, expect, it } from 'vitest';
import { podFault } from '../src/index.ts';

const key = { resource: 'pods', namespace: 'web', name: 'shop-1.x' } as const;
const pod = (status: object = {}, spec: object = {}, metadata: object = {}) => ({
  metadata: { name: 'shop-1.x', namespace: 'web', labels: { app: 'Any.Text_1', 'example.com/x-y': '' }, ...metadata },
  spec: {
    nodeName: 'node-1.example.com',
    containers: [{ name: 'c', ports: [{ name: 'http', containerPort: 80, protocol: 'TCP' }] }],
    ...spec,
  },
  status: { podIP: '10.0.0.1', podIPs: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }], hostIP: '10.1.0.1', ...status },
});
const ports = (port: object) => ({ containers: [{ name: 'c', ports: [port] }] });

describe('a pod', () => {
  it('as the API server stores it has no fault, also with less in it', () => {
    expect(podFault(pod(), key)).toBeUndefined();
    expect(podFault(pod({ podIP: 'fd00::2', hostIP: '' }, { nodeName: null }), key)).toBeUndefined();
    expect(podFault({ status: { podIP: '10.0.0.1' } }, key)).toBeUndefined();
  });

  it.each<[string, object]>([
    ['status.podIP', pod({ podIP: '10.0.0.1\n  http-request deny' })],
    ['status.podIP', pod({ podIP: 'shop.example.com' })],
    ['status.podIP', pod({ podIP: '10.0.0.256' })],
    ['status.podIP', pod({ podIP: 'fe80::1%eth0' })],
    ['status.podIPs.*.ip', pod({ podIPs: [{ ip: '10.0.0.1' }, { ip: ' 10.0.0.2' }] })],
    ['status.hostIP', pod({ hostIP: 17 })],
    ['metadata.name', pod({}, {}, { name: 'a b' })],
    ['metadata.namespace', pod({}, {}, { namespace: 'a.b' })],
    ['metadata.labels', pod({}, {}, { labels: { app: 'shop\n  http-request deny' } })],
    ['metadata.labels', pod({}, {}, { labels: { 'app\nx': 'shop' } })],
    ['metadata.labels', pod({}, {}, { labels: { app: 1 } })],
    ['metadata.labels', pod({}, {}, { labels: { app: 'x'.repeat(64) } })],
    ['metadata.labels', pod({}, {}, { labels: { 'a/b/c': 'x' } })],
    ['spec.nodeName', pod({}, { nodeName: 'n\nserver x 10.0.0.9' })],
    ['spec.containers.*.name', pod({}, { containers: [{ name: 'ü' }] })],
    ['spec.containers.*.ports.*.name', pod({}, ports({ name: 'http check' }))],
    ['spec.containers.*.ports.*.containerPort', pod({}, ports({ containerPort: '80 check' }))],
    ['spec.containers.*.ports.*.containerPort', pod({}, ports({ containerPort: 65_536 }))],
    ['spec.containers.*.ports.*.protocol', pod({}, ports({ protocol: 'tcp ' }))],
  ])('whose %s is none is named by that field, and the value is not quoted', (path, value) => {
    const fault = podFault(value as Parameters<typeof podFault>[0], key);
    expect(fault).toContain(`"${path}" is not`);
    expect(fault).toContain('it is no backend until it is written anew');
    expect(fault).not.toContain('\n');
  });

  it.each(['\ud800', 'A', 'a_b', '-a', 'x'.repeat(254), '__proto__'])('cannot be called %j', (name) => {
    expect(podFault(pod(), { ...key, name })).toContain('the name is none that Kubernetes allows');
  });

  it('cannot say that it is another one', () => {
    expect(podFault(pod({}, {}, { name: 'shop-2' }), key)).toContain('another name than that of the object');
  });
});
