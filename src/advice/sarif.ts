import { checkIds, checks } from './checks.ts';
import type { CheckId, Severity } from './checks.ts';
import type { Finding } from './finding.ts';
import type { JsonDocument } from './document.ts';

/** What findings are about. */
export interface SarifSource {
  /** The version of this package. */
  readonly version: string;
  /** A relative or absolute URI of the definitions, and where things stand in them; undefined for a running broker. */
  readonly file: { readonly uri: string; readonly document: JsonDocument } | undefined;
}

const LEVELS: Readonly<Record<Severity, string>> = { error: 'error', warning: 'warning', info: 'note' };

/** Findings as a log of SARIF 2.1.0, which code hosts and editors show beside the lines they are about. */
export function sarifLog(findings: readonly Finding[], source: SarifSource): object {
  const driver = {
    name: 'Leveret',
    version: source.version,
    rules: checkIds.map(sarifRule),
  };
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver },
        columnKind: 'utf16CodeUnits',
        results: findings.map((finding) => sarifResult(finding, source)),
      },
    ],
  };
}

function sarifRule(id: CheckId): object {
  const { severity, title, effect, fix, rules } = checks[id];
  return {
    id,
    shortDescription: { text: title },
    fullDescription: { text: effect },
    help: { text: fix },
    defaultConfiguration: { level: LEVELS[severity] },
    properties: { rules },
  };
}

function sarifResult(finding: Finding, { file }: SarifSource): object {
  const { check, severity, kind, name, vhost, message, fix, path } = finding;
  const fullyQualifiedName = vhost === undefined ? name : `${vhost}/${kind}/${name}`;
  const physical =
    file === undefined
      ? {}
      : { physicalLocation: { artifactLocation: { uri: file.uri }, region: file.document.find(path) } };
  return {
    ruleId: check,
    ruleIndex: checkIds.indexOf(check),
    level: LEVELS[severity],
    message: { text: `${kind} '${name}': ${message} ${fix}` },
    locations: [{ ...physical, logicalLocations: [{ name, fullyQualifiedName, kind: 'resource' }] }],
    partialFingerprints: { 'leveret/v1': `${check}:${fullyQualifiedName}:${path.slice(2).join('.')}` },
  };
}
