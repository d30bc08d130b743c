import { setTimeout as sleep } from 'node:timers/promises';
import { httpSetting, kinds, pause, runApp, setting, sharedSettings } from '../src/index.ts';

/** A small app that misbehaves on demand (`MODE`), for the tests of `runApp`. */
void runApp({
  name: 'fixture',
  about: 'does nothing',
  settings: {
    FLOTILLA_HTTP: httpSetting(9109),
    FLOTILLA_LOG_LEVEL: sharedSettings.FLOTILLA_LOG_LEVEL,
    MODE: setting(kinds.text(), { help: 'What to do.', default: 'run' }),
  },
  launch: async ({ config, releases, signal, log, fail, metrics }) => {
    metrics.counter('launches_total', 'Launches.').inc();
    releases.add('first', 'the first', () => {
      log.info('closed the first');
    });
    releases.add('second', 'the second', async () => {
      await sleep(config.MODE === 'slow-end' ? 60_000 : 1);
      log.info('closed the second');
    });
    if (config.MODE === 'throw') throw new Error('cannot launch');
    if (config.MODE === 'hang') await pause(600_000);
    if (config.MODE === 'abort') await sleep(600_000, undefined, { signal });
    if (config.MODE === 'reject') setTimeout(() => void Promise.reject(new Error('nobody caught me')), 10);
    if (config.MODE === 'fail')
      setTimeout(() => {
        fail(new Error('gave up'));
      }, 10);
    if (config.MODE === 'warn') {
      for (let time = 0; time < 3; time++) {
        console.warn('IMPORTANT! Eviction policy is %s', 'allkeys-lru');
        process.emitWarning('a possible leak', 'MaxListenersExceededWarning');
      }
    }
    // A server would keep the process alive by itself.
    const timer = setInterval(() => undefined, 1_000);
    releases.add(timer, 'the timer', clearInterval);
    return {
      good: () => undefined,
      ...(config.MODE === 'unready' && {
        bad: () => 'the store is away',
        worse: () => {
          throw new Error('the check is broken');
        },
      }),
    };
  },
});
