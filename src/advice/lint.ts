import { readDefinitions } from '../broker/definitions.ts';
import { DefinitionsError } from '../broker/json-place.ts';
import { checkArgumentNames, checkRefusals, checkTtls, checkVersions } from './check-arguments.ts';
import { checkCycles, checkDeadLetterRoutes } from './check-dead-letters.ts';
import { checkLifetimes } from './check-lifetimes.ts';
import { checkPermissions } from './check-permissions.ts';
import { checkPolicies } from './check-policies.ts';
import { checkRoutes } from './check-routes.ts';
import { severities } from './checks.ts';
import { finding, parsePath } from './finding.ts';
import type { Finding } from './finding.ts';
import { withVhost } from './one-vhost.ts';
import { buildTopology, createScratch } from './scratch.ts';
import { NO_FACTS, Study } from './study.ts';
import type { Facts } from './study.ts';

/**
 * Everything that is wrong with a topology, worst first: it is built in a broker of its own, and looked at there.
 * @param json definitions as RabbitMQ exports them, of a broker or of one vhost
 * @param facts what a running broker says of its queues and channels
 */
export function lintDefinitions(json: unknown, facts: Facts = NO_FACTS): Finding[] {
  let definitions;
  try {
    definitions = readDefinitions(withVhost(json));
  } catch (error) {
    if (!(error instanceof DefinitionsError)) throw error;
    const [place = ''] = error.message.split(' ', 1);
    const path = place.includes('[') ? parsePath(place) : [];
    const subject = { kind: 'definitions', name: 'definitions', vhost: undefined, path } as const;
    return [finding('invalid-definitions', subject, `${error.message}.`)];
  }
  const { broker } = createScratch(0);
  const refusals = buildTopology(broker, definitions);
  const study = new Study(broker, definitions, facts);
  const found = [
    ...checkRefusals(study, refusals),
    ...checkArgumentNames(study),
    ...checkTtls(study),
    ...checkDeadLetterRoutes(study),
    ...checkCycles(study),
    ...checkLifetimes(study),
    ...checkRoutes(study),
    ...checkPermissions(study),
    ...checkPolicies(study),
    ...checkVersions(study),
  ];
  return found.sort((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity));
}
