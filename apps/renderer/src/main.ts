import { runApp } from '@flotilla/runtime';
import { settings } from './config.ts';
import { launch } from './launch.ts';

await runApp({
  name: 'renderer',
  about: "renders a fleet's template when its inputs changed, checks the result with HAProxy and publishes it.",
  settings,
  launch: (context) => launch(context),
});
