import { runApp } from '@flotilla/runtime';
import { settings } from './config.ts';
import { launch } from './launch.ts';

await runApp({
  name: 'agent',
  about:
    "brings this node's HAProxy to the fleet's newest version and says whether it runs it. It starts from its own disk when everything else is down. SIGHUP makes HAProxy read its files again.",
  settings,
  fields: (config) => ({ node: config.FLOTILLA_NODE, fleet: config.FLOTILLA_FLEET }),
  launch,
});
