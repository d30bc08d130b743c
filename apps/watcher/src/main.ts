import { runApp } from '@flotilla/runtime';
import { settings } from './config.ts';
import { launch } from './launch.ts';

await runApp({
  name: 'watcher',
  about:
    "follows the cluster's store, keeps every fleet's inputs in Redis up to date and signals what is to be rendered. Several may run: one leads, the others stand by.",
  settings,
  launch,
});
