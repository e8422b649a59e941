import { accessRules } from './rules/access.ts';
import { bindingsRules } from './rules/bindings.ts';
import { channelsRules } from './rules/channels.ts';
import { confirmsRules } from './rules/confirms.ts';
import { connectionRules } from './rules/connection.ts';
import { consumingRules } from './rules/consuming.ts';
import { cyclesRules } from './rules/cycles.ts';
import { deathHistoryRules } from './rules/death-history.ts';
import { delayedExchangeRules } from './rules/delayed-exchange.ts';
import { directReplyToRules } from './rules/direct-reply-to.ts';
import { dlxRules } from './rules/dlx.ts';
import { exchangesRules } from './rules/exchanges.ts';
import { expiryRules } from './rules/expiry.ts';
import { fieldTypesRules } from './rules/field-types.ts';
import { framesRules } from './rules/frames.ts';
import { generalRules } from './rules/general.ts';
import { idiomsRules } from './rules/idioms.ts';
import { lengthLimitsRules } from './rules/length-limits.ts';
import { managementRules } from './rules/management.ts';
import { messageTtlRules } from './rules/message-ttl.ts';
import { policiesRules } from './rules/policies.ts';
import { prefetchRules } from './rules/prefetch.ts';
import { publishingRules } from './rules/publishing.ts';
import { queueArgumentsRules } from './rules/queue-arguments.ts';
import { queueExpiryRules } from './rules/queue-expiry.ts';
import { queuesRules } from './rules/queues.ts';
import { redeliveryRules } from './rules/redelivery.ts';
import { routingRules } from './rules/routing.ts';
import { settlingRules } from './rules/settling.ts';
import { streamsRules } from './rules/streams.ts';
import { transactionsRules } from './rules/transactions.ts';
import type { Catalogue, Rule } from './support/catalogue.ts';

/** The rules of each topic. */
export const rulesByTopic = {
  'message-ttl': messageTtlRules,
  expiry: expiryRules,
  'queue-expiry': queueExpiryRules,
  dlx: dlxRules,
  'death-history': deathHistoryRules,
  cycles: cyclesRules,
  'length-limits': lengthLimitsRules,
  redelivery: redeliveryRules,
  policies: policiesRules,
  'queue-arguments': queueArgumentsRules,
  idioms: idiomsRules,
  'delayed-exchange': delayedExchangeRules,
  general: generalRules,
  connection: connectionRules,
  frames: framesRules,
  'field-types': fieldTypesRules,
  access: accessRules,
  channels: channelsRules,
  exchanges: exchangesRules,
  queues: queuesRules,
  bindings: bindingsRules,
  publishing: publishingRules,
  consuming: consumingRules,
  settling: settlingRules,
  prefetch: prefetchRules,
  confirms: confirmsRules,
  transactions: transactionsRules,
  routing: routingRules,
  'direct-reply-to': directReplyToRules,
  streams: streamsRules,
  management: managementRules,
} satisfies Readonly<Record<string, Catalogue>>;

type ByTopic = typeof rulesByTopic;

export type RuleId = { [T in keyof ByTopic]: keyof ByTopic[T] }[keyof ByTopic];

/** Every rule by its id. */
export const rules: Readonly<Record<RuleId, Rule>> = Object.assign(
  {},
  ...Object.values<Catalogue>(rulesByTopic),
);
