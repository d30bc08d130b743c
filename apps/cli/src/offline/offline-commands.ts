import type { FleetName } from '@flotilla/domain';
import { loadSettings } from '@flotilla/runtime';
import { type TemplateSettings, templateEnv } from '@flotilla/template';
import type { Command } from 'commander';
import { settings } from '../config.ts';
import { type CommandContext, withFleet } from '../options.ts';
import { renderCommand } from './render-command.ts';
import { testCommand } from './test-command.ts';
import { type Check, openCheck } from './haproxy-check.ts';

interface OfflineOptions {
  readonly fleet: FleetName;
  readonly json: boolean;
  readonly manifests: string;
  readonly strict: boolean;
  /** False with --no-check. */
  readonly check: boolean;
}

/** The commands that need manifests and nothing else. */
export function addOfflineCommands(program: Command, context: CommandContext): void {
  const { env, report } = context;
  const offline = (command: Command): Command =>
    withFleet(command, context)
      .requiredOption('--manifests <path>', 'a folder of kubectl manifests (.yaml, .yml, .json), or one file')
      .option('--strict', 'an undefined value in a template is an error', false)
      .option('--no-check', 'do not ask HAProxy about the result');

  offline(program.command('render'))
    .description('render a fleet from manifests, and check it with HAProxy where there is one')
    .option('--out <dir>', 'write the whole bundle here, private keys included; a former bundle there is replaced')
    .addHelpText('after', renderHelp)
    .action(async (options: OfflineOptions & { out?: string }) => {
      report(
        await renderCommand({ ...options, out: options.out, ...(await surroundings(options, env)) }),
        options.json,
      );
    });
  offline(program.command('test'))
    .description('run tests of a template: given these objects, expect these lines, this backend or this error')
    .option(
      '--tests <path>',
      'a test file, or a folder of *.test.yaml (default: the manifests and tests/ beneath them)',
    )
    .addHelpText('after', testHelp)
    .action(async (options: OfflineOptions & { tests?: string }) => {
      const request = { ...options, tests: options.tests, ...(await surroundings(options, env)) };
      report(await testCommand(request), options.json);
    });
}

async function surroundings(
  { strict, check }: OfflineOptions,
  env: NodeJS.ProcessEnv,
): Promise<{ check: Check; settings: TemplateSettings }> {
  const config = loadSettings(settings, env);
  return {
    check: await openCheck(config.FLOTILLA_HAPROXY, check),
    settings: {
      statisticsPassword: config.STATISTICS_PASSWORD,
      env: templateEnv(config.FLOTILLA_TEMPLATE_ENV, env),
      undefinedValues: strict ? 'strict' : config.FLOTILLA_TEMPLATE_UNDEFINED,
    },
  };
}

const renderHelp = `
haproxy.cfg goes to standard output, with the paths of a node (/var/lib/flotilla/current); what HAProxy says of it and
which entries were set aside go to standard error. Exit code 0: rendered, and valid where HAProxy was there to check it.

Examples:
  flotilla render --manifests examples/http > haproxy.cfg
  flotilla render --manifests examples/https --out /tmp/bundle && haproxy -c -f /tmp/bundle/haproxy.cfg
  kubectl get configmap,secret,pod --all-namespaces -o json > all.json && flotilla render --manifests all.json`;

const testHelp = `
A test file (any *.test.yaml beside the manifests; kubectl does not mind them in a folder tests/ beneath):

  tests:
    - name: a ready pod becomes a server of its service
      given:                       # objects beside the manifests, or in place of those of the same name
        - kind: Pod
          metadata: { name: shop-1, namespace: default, labels: { app: shop } }
          status: { podIP: 10.0.0.1, containerStatuses: [{ ready: true }] }
      without: [pods/default/old]  # manifests to leave out
      env: { STAGE: test }         # what the template sees as {{ env.STAGE }}
      expect:
        lines: ['use_backend shop if host_2_1']      # anywhere in haproxy.cfg; noLines: none of these
        backend: { name: shop, servers: ['10.0.0.1:8080'], lines: ['balance leastconn'] }
        file: { name: hosts.map, lines: ['shop.example.com shop'] }
        problems: ['"selector" is missing']          # entries that are set aside
        # error: 'text of the message'               # when rendering must fail, or HAProxy must refuse

Lines are compared whole, without their indentation. Where there is HAProxy, it checks every result.
Exit code 0 when all hold, 1 when not.`;
