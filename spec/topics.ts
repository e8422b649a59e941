import { access } from './access.spec.ts';
import { bindings } from './bindings.spec.ts';
import { channels } from './channels.spec.ts';
import { confirms } from './confirms.spec.ts';
import { connection } from './connection.spec.ts';
import { consuming } from './consuming.spec.ts';
import { cycles } from './cycles.spec.ts';
import { deathHistory } from './death-history.spec.ts';
import { delayedExchange } from './delayed-exchange.spec.ts';
import { directReplyTo } from './direct-reply-to.spec.ts';
import { dlx } from './dlx.spec.ts';
import { durability } from './durability.spec.ts';
import { exchanges } from './exchanges.spec.ts';
import { expiry } from './expiry.spec.ts';
import { fieldTypes } from './field-types.spec.ts';
import { frames } from './frames.spec.ts';
import { general } from './general.spec.ts';
import { idioms } from './idioms.spec.ts';
import { lengthLimits } from './length-limits.spec.ts';
import { management } from './management.spec.ts';
import { messageTtl } from './message-ttl.spec.ts';
import { policies } from './policies.spec.ts';
import { prefetch } from './prefetch.spec.ts';
import { publishing } from './publishing.spec.ts';
import { queueArguments } from './queue-arguments.spec.ts';
import { queueExpiry } from './queue-expiry.spec.ts';
import { queues } from './queues.spec.ts';
import { redelivery } from './redelivery.spec.ts';
import { routing } from './routing.spec.ts';
import { settling } from './settling.spec.ts';
import { streams } from './streams.spec.ts';
import { transactions } from './transactions.spec.ts';
import type { Case, Topic } from './support/suite.ts';

/** The whole suite, in reading order. */
export const topics: readonly Topic[] = [
  messageTtl,
  expiry,
  queueExpiry,
  dlx,
  deathHistory,
  cycles,
  lengthLimits,
  redelivery,
  policies,
  queueArguments,
  idioms,
  delayedExchange,
  general,
  connection,
  frames,
  fieldTypes,
  access,
  channels,
  exchanges,
  queues,
  bindings,
  publishing,
  consuming,
  settling,
  prefetch,
  confirms,
  transactions,
  routing,
  directReplyTo,
  streams,
  durability,
  management,
];

/** Every case of it. */
export const cases: readonly Case[] = topics.flatMap((topic) => topic.cases);
