/** Builders of Kubernetes objects as the API server stores them. */

export interface ObjectMeta {
  name: string;
  namespace: string;
  uid: string;
  resourceVersion: string;
  creationTimestamp: string;
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

export interface Pod {
  kind: 'Pod';
  apiVersion: 'v1';
  metadata: ObjectMeta;
  spec: Record<string, unknown>;
  status: { phase: string; podIP?: string; containerStatuses: { name: string; ready: boolean }[] } & Record<
    string,
    unknown
  >;
}

export interface ConfigMap {
  kind: 'ConfigMap';
  apiVersion: 'v1';
  metadata: ObjectMeta;
  data: Record<string, string>;
}

export interface Secret {
  kind: 'Secret';
  apiVersion: 'v1';
  metadata: ObjectMeta;
  type: string;
  data: Record<string, string>;
}

export interface PodOptions {
  name: string;
  namespace?: string;
  ip?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  /** Default true. */
  ready?: boolean;
  /** When its deletion began. */
  deletionTimestamp?: string;
  /** As large as a real one (about 3 KB as JSON). */
  realistic?: boolean;
}

const CREATED = '2016-05-01T12:00:00Z';

/** Where Kubernetes keeps an object in etcd: `registryKey('pods', 'web', 'a')` is `/registry/pods/web/a`. */
export function registryKey(kind: 'pods' | 'configmaps' | 'secrets', namespace: string, name: string): string {
  return `/registry/${kind}/${namespace}/${name}`;
}

/** A pod; ready, with one container, unless said otherwise. */
export function pod(options: PodOptions): Pod {
  const { name, namespace = 'default', ip, labels = {}, ready = true, realistic = false } = options;
  const metadata = meta(namespace, name);
  metadata.labels = labels;
  if (options.annotations) metadata.annotations = options.annotations;
  if (options.deletionTimestamp) metadata.deletionTimestamp = options.deletionTimestamp;
  const status = { name: 'main', ready, ...(realistic && containerStatus(ready)) };
  return {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata,
    spec: realistic ? realisticSpec(name) : { containers: [{ name: 'main', image: 'example/app:1' }] },
    status: {
      phase: 'Running',
      ...(ip !== undefined && { podIP: ip }),
      ...(realistic && { conditions: conditions(ready), hostIP: '10.0.0.12', startTime: CREATED }),
      containerStatuses: [status],
    },
  };
}

export function configMap({
  namespace,
  name,
  data,
}: {
  namespace: string;
  name: string;
  data: Record<string, string>;
}): ConfigMap {
  return { kind: 'ConfigMap', apiVersion: 'v1', metadata: meta(namespace, name), data };
}

/** A secret; the values are given in the clear and stored as base64. */
export function secret({
  namespace,
  name,
  data,
}: {
  namespace: string;
  name: string;
  data: Record<string, string>;
}): Secret {
  const encoded = Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
  return {
    kind: 'Secret',
    apiVersion: 'v1',
    metadata: meta(namespace, name),
    type: 'Opaque',
    data: Object.fromEntries(encoded) as Record<string, string>,
  };
}

/** The configmap `services` of a fleet; a value that is a string goes in as it is, to make a bad one. */
export function servicesConfigMap({
  namespace = 'lb',
  services,
}: {
  namespace?: string;
  services: Record<string, object | string>;
}): ConfigMap {
  const data = Object.entries(services).map(([key, value]) => [
    key,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  return configMap({ namespace, name: 'services', data: Object.fromEntries(data) as Record<string, string> });
}

function meta(namespace: string, name: string): ObjectMeta {
  return { name, namespace, uid: `uid-${namespace}-${name}`, resourceVersion: '1', creationTimestamp: CREATED };
}

function containerStatus(ready: boolean): Record<string, unknown> {
  return {
    state: { running: { startedAt: CREATED } },
    lastState: { terminated: { exitCode: 0, reason: 'Completed', startedAt: CREATED, finishedAt: CREATED } },
    restartCount: ready ? 0 : 3,
    image: 'registry.example.com/team/app:2016-05-01-1',
    imageID: `docker://sha256:${'0123456789abcdef'.repeat(4)}`,
    containerID: `docker://${'fedcba9876543210'.repeat(4)}`,
  };
}

function conditions(ready: boolean): object[] {
  return ['Initialized', 'Ready', 'PodScheduled'].map((type) => ({
    type,
    status: ready ? 'True' : 'False',
    lastProbeTime: null,
    lastTransitionTime: CREATED,
  }));
}

function realisticSpec(name: string): Record<string, unknown> {
  return {
    volumes: [{ name: 'default-token-x2x7k', secret: { secretName: 'default-token-x2x7k', defaultMode: 420 } }],
    containers: [
      {
        name: 'main',
        image: 'registry.example.com/team/app:2016-05-01-1',
        ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
        env: Array.from({ length: 16 }, (_, at) => ({
          name: `SETTING_NUMBER_${at}`,
          value: `${name}-value-of-setting-${at}`,
        })),
        resources: { limits: { cpu: '500m', memory: '256Mi' }, requests: { cpu: '100m', memory: '128Mi' } },
        volumeMounts: [
          { name: 'default-token-x2x7k', readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' },
        ],
        livenessProbe: {
          httpGet: { path: '/healthz', port: 8080, scheme: 'HTTP' },
          initialDelaySeconds: 10,
          timeoutSeconds: 1,
        },
        readinessProbe: {
          httpGet: { path: '/ready', port: 8080, scheme: 'HTTP' },
          initialDelaySeconds: 5,
          timeoutSeconds: 1,
        },
        terminationMessagePath: '/dev/termination-log',
        imagePullPolicy: 'IfNotPresent',
      },
    ],
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    serviceAccountName: 'default',
    nodeName: 'node-12.example.com',
    securityContext: {},
  };
}
