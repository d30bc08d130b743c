/** What people and the cluster write. Nothing of it excuses a failed request as long as a service keeps a pod. */
import type { CertificatePair } from '@flotilla/testkit';
import { type Cluster, isAddress } from './cluster.ts';
import { type Content, type Entry, type FleetContent, fleetObjects } from './content.ts';
import { brokenTemplates } from './fleet-template.ts';
import { type Deed, type Kind, sleep } from './operation.ts';
import { type World, fleets, initialEntry } from './world.ts';

const apps = ['shop', 'cart', 'blog'] as const;
const badAddresses = ['10.0.0.300', '127.0.0.1\n  server evil 127.0.0.1:1', 'fe80::1%eth0', 'pod.example.com'];
const mostServices = 4;
const mostCertificates = 4;

/** A change of what the store holds; nothing while it cannot be reached. */
const write = async (
  { world }: Deed,
  change: (content: Content) => string | undefined,
): Promise<string | undefined> => {
  if (!world.servers.etcd.isUp) return undefined;
  let said: string | undefined;
  await world.cluster.change((content) => (said = change(content)));
  return said;
};

const ofFleet = (deed: Deed, change: (fleet: FleetContent, content: Content) => string | undefined) => {
  const name = deed.random.pick(fleets) as string;
  return write(deed, (content) => {
    const said = change(content.fleets[name] as FleetContent, content);
    return said === undefined ? undefined : `${name}: ${said}`;
  });
};

/** Two ready pods stay, so that one taken out by hand does not leave a service without any. */
const isSpare = (content: Content, name: string): boolean => {
  const { app, ready } = content.pods[name] ?? { app: '', ready: false };
  const others = Object.entries(content.pods).filter(([other, pod]) => other !== name && pod.app === app && pod.ready);
  return !ready || others.length >= 2;
};

const addPod = (world: World, content: Content, deed: Deed): string | undefined => {
  const server = deed.random.pick(world.pods.filter(({ name }) => content.pods[name] === undefined));
  if (!server) return undefined;
  const app = deed.random.pick(apps.slice(0, 2)) as string;
  content.pods[server.name] = { app, ip: server.host, ready: deed.random.chance(0.9) };
  return `pod ${server.name} of ${app}`;
};

const changePod = (deed: Deed, content: Content, change: (name: string) => string | undefined): string | undefined => {
  const name = deed.random.pick(Object.keys(content.pods).filter((each) => isSpare(content, each)));
  return name === undefined ? undefined : change(name);
};

const movePod = (deed: Deed, content: Content): string | undefined =>
  changePod(deed, content, (name) => {
    const pod = content.pods[name] as Content['pods'][string];
    const way = deed.random.below(3);
    if (way === 0) {
      delete content.pods[name];
      return `pod ${name} goes`;
    }
    content.pods[name] =
      way === 1 ? { ...pod, ready: !pod.ready } : { ...pod, app: deed.random.pick(apps.slice(0, 2)) as string };
    return `pod ${name} is ${JSON.stringify(content.pods[name])}`;
  });

const changeService = (deed: Deed, more: () => Partial<Entry>) =>
  ofFleet(deed, ({ services }) => {
    const name = deed.random.pick(Object.keys(services).filter((each) => typeof services[each] !== 'string'));
    if (name === undefined) return undefined;
    services[name] = { ...(services[name] as Entry), ...more() };
    return `service ${name} is ${JSON.stringify(services[name])}`;
  });

export const clusterOperations: Record<string, Kind> = {
  'pod comes': { weight: 8, act: (deed) => write(deed, (content) => addPod(deed.world, content, deed)) },
  'pod changes': { weight: 10, act: (deed) => write(deed, (content) => movePod(deed, content)) },
  'pods roll': {
    weight: 4,
    act: async (deed) => {
      let changes = 0;
      for (let at = 0; at < 20; at++) {
        const said = await write(deed, (content) =>
          deed.random.chance(0.5) ? addPod(deed.world, content, deed) : movePod(deed, content),
        );
        if (said !== undefined) changes++;
      }
      return `${changes} changes of pods`;
    },
  },
  'pod with a wrong address': {
    weight: 3,
    act: (deed) =>
      write(deed, (content) =>
        changePod(deed, content, (name) => {
          const ip = deed.random.pick(badAddresses) as string;
          content.pods[name] = { ...(content.pods[name] as Content['pods'][string]), ip };
          return `pod ${name} at ${JSON.stringify(ip)}`;
        }),
      ),
  },
  'service changes': {
    weight: 6,
    act: (deed) =>
      changeService(deed, () => ({
        weight: 1 + deed.random.below(50),
        balance: deed.random.pick(['roundrobin', 'leastconn', 'source', 'random']) as string,
        check: deed.random.chance(0.2),
      })),
  },
  'service comes or goes': {
    weight: 4,
    act: (deed) =>
      ofFleet(deed, ({ services }) => {
        const extra = Object.keys(services).filter((name) => name.startsWith('extra'));
        if (extra.length > 0 && (deed.random.chance(0.5) || Object.keys(services).length >= mostServices)) {
          const name = deed.random.pick(extra) as string;
          delete services[name];
          return `service ${name} goes`;
        }
        const name = `extra-${deed.random.below(5)}`;
        services[name] = initialEntry(deed.random.pick(apps) as string, deed.world.podPort);
        return `service ${name} comes`;
      }),
  },
  'service entry breaks': {
    weight: 4,
    act: (deed) =>
      ofFleet(deed, ({ services }) => {
        const name = deed.random.pick(Object.keys(services)) as string;
        services[name] = deed.random.pick(['{"namespace": "default", ', 'no json', '[]', '']) as string;
        return `service ${name} is ${JSON.stringify(services[name])}`;
      }),
  },
  'service that HAProxy refuses': { weight: 2, act: (deed) => changeService(deed, () => ({ balance: 'by-the-moon' })) },
  'template changes': {
    weight: 5,
    act: (deed) =>
      ofFleet(deed, (fleet) => {
        fleet.round = Math.max(2_000, fleet.round) + 1 + deed.random.below(9);
        return `template ${fleet.round}`;
      }),
  },
  'template breaks': {
    weight: 3,
    act: (deed) =>
      ofFleet(deed, (fleet) => {
        fleet.round = -1 - deed.random.below(brokenTemplates);
        return `template ${fleet.round}`;
      }),
  },
  'certificate changes': {
    weight: 6,
    act: (deed) =>
      ofFleet(deed, ({ certificates }) => {
        const names = ['one', 'two', 'three', 'four'].slice(0, mostCertificates);
        const name = deed.random.pick(names) as string;
        const which = deed.random.below(deed.world.certificates.length);
        certificates[name] = deed.world.certificates[which] as FleetContent['certificates'][string];
        return `certificate ${name} is number ${which}`;
      }),
  },
  'certificate breaks': {
    weight: 3,
    act: (deed) =>
      ofFleet(deed, ({ certificates }) => {
        const name = deed.random.pick(Object.keys(certificates)) as string;
        const [one, other] = deed.random.shuffled(deed.world.certificates);
        const texts = ['no certificate', `${one?.cert.slice(0, 200)}`, ''];
        const cert = deed.random.chance(0.5) ? `${one?.cert}` : (deed.random.pick(texts) as string);
        certificates[name] = { cert, key: `${other?.key}` };
        return `certificate ${name} is broken`;
      }),
  },
  'object is deleted': {
    weight: 4,
    act: (deed) =>
      ofFleet(deed, (fleet) => {
        const name = deed.random.pick(fleetObjects.filter((each) => !fleet.deleted.includes(each)));
        if (name) fleet.deleted.push(name);
        return name && `${name} is deleted`;
      }),
  },
  'objects are created again': {
    weight: 4,
    act: (deed) =>
      ofFleet(deed, (fleet) => {
        const said = fleet.deleted.length > 0 ? `${fleet.deleted.join()} again` : undefined;
        fleet.deleted = [];
        return said;
      }),
  },
  'object is deleted and created': {
    weight: 3,
    act: async (deed) => {
      const name = deed.random.pick(fleetObjects) as (typeof fleetObjects)[number];
      const fleet = deed.random.pick(fleets) as string;
      const said = await write(deed, (content) => {
        content.fleets[fleet]?.deleted.push(name);
        return `${fleet}: ${name} is deleted and created`;
      });
      await sleep(deed.random.below(1_000));
      await write(deed, (content) => {
        const of = content.fleets[fleet] as FleetContent;
        of.deleted = of.deleted.filter((each) => each !== name);
        return said;
      });
      return said;
    },
  },
};

/** What is broken in a fleet, in words. A template or a value that is refused keeps the whole fleet back. */
export function brokenIn({ content, isGoodPair }: Cluster, fleet: string): { keepsBack: boolean; what: string[] } {
  const { round, services, deleted, certificates } = content.fleets[fleet] as FleetContent;
  const refused = Object.values(services).some((entry) => typeof entry !== 'string' && entry.balance === 'by-the-moon');
  const broken = Object.keys(services).filter((name) => typeof services[name] === 'string');
  const badPairs = Object.keys(certificates).filter((name) => !isGoodPair(certificates[name] as CertificatePair));
  const badPods = Object.keys(content.pods).filter((name) => {
    const { ip, ready } = content.pods[name] as Content['pods'][string];
    return ready && !isAddress(ip);
  });
  return {
    keepsBack: round < 0 || refused || deleted.length > 0,
    what: [
      ...(round < 0 ? ['template'] : []),
      ...(refused ? ['refused'] : []),
      ...broken,
      ...deleted,
      ...badPairs,
      ...badPods,
    ],
  };
}

/** Makes everything good again, with new values where the old ones were bad. */
export async function mend({ cluster, pods, podPort, certificates }: World): Promise<void> {
  await cluster.change((content) => {
    for (const fleet of Object.values(content.fleets)) {
      fleet.deleted = [];
      if (fleet.round < 0) fleet.round = 3_000 - fleet.round;
      for (const [name, entry] of Object.entries(fleet.services)) {
        if (typeof entry === 'string') fleet.services[name] = initialEntry(name === 'cart' ? 'cart' : 'shop', podPort);
        else if (entry.balance === 'by-the-moon') fleet.services[name] = { ...entry, balance: 'leastconn' };
      }
      for (const [name, pair] of Object.entries(fleet.certificates)) {
        if (!cluster.isGoodPair(pair)) {
          fleet.certificates[name] = certificates[0] as FleetContent['certificates'][string];
        }
      }
    }
    for (const [name, pod] of Object.entries(content.pods)) {
      content.pods[name] = { ...pod, ip: pods.find((server) => server.name === name)?.host ?? pod.ip };
    }
  });
}
