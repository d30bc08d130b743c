/**
 * Every FLOTILLA_… variable of any app. The apps may share one environment, so a variable of another one is no
 * mistake. `npm run docs -- --check` compares this list with what the apps declare.
 */
export const knownNames: readonly string[] = [
  'FLOTILLA_DATA_DIR',
  'FLOTILLA_FLEET',
  'FLOTILLA_FLEETS',
  'FLOTILLA_HAPROXY',
  'FLOTILLA_HAPROXY_MODE',
  'FLOTILLA_HTTP',
  'FLOTILLA_KEY',
  'FLOTILLA_KEY_FILE',
  'FLOTILLA_LOG_LEVEL',
  'FLOTILLA_NODE',
  'FLOTILLA_RENDER_HEAP_MB',
  'FLOTILLA_RENDER_OUTPUT_MB',
  'FLOTILLA_RENDER_TIMEOUT_MS',
  'FLOTILLA_TEMPLATE_ENV',
];
