import { QUORUM } from '../broker/queue-type.ts';
import { textOf } from '../broker/term.ts';
import { finding } from './finding.ts';
import type { Finding } from './finding.ts';
import { exchangeName } from './names.ts';
import type { StudiedQueue, Study } from './study.ts';

/** What becomes of messages that wait: too early, too late, or never. */
export function checkLifetimes(study: Study): Finding[] {
  return study.queues.flatMap((subject) => [
    ...queueExpiry(study, subject),
    ...waiting(study, subject),
    ...priorities(subject),
    ...losses(study, subject),
    ...quorum(subject),
  ]);
}

function queueExpiry(study: Study, subject: StudiedQueue): Finding[] {
  const { expires, messageTtl } = subject.queue.settings;
  const at = ['arguments', 'x-expires'];
  if (expires === Infinity) return [];
  if (messageTtl !== Infinity && expires <= messageTtl) {
    const details = `It expires ${expires} ms after its last use, its messages after ${messageTtl} ms.`;
    return [finding('expires-before-messages', subject, details, at)];
  }
  if (!study.isForWaiting(subject)) return [];
  return [finding('expires-while-waiting', subject, `It expires ${expires} ms after its last use.`, at)];
}

function waiting(study: Study, subject: StudiedQueue): Finding[] {
  const { messageTtl, deadLetterExchange } = subject.queue.settings;
  if (!study.isForWaiting(subject)) return [];
  const { consumers = 0 } = subject.facts ?? {};
  const found: Finding[] = [];
  if (deadLetterExchange === undefined && consumers === 0) {
    const details =
      messageTtl === Infinity
        ? 'By its name messages wait there, and nothing leads on.'
        : `Messages expire there after ${messageTtl} ms.`;
    found.push(finding('vanishing-dead-letters', subject, details, ['arguments']));
  }
  if (consumers > 0 && deadLetterExchange !== undefined) {
    const details = `It has ${consumers === 1 ? 'a consumer' : `${consumers} consumers`}.`;
    found.push(finding('consumed-waiting-queue', subject, details));
  }
  if (messageTtl === Infinity && deadLetterExchange !== undefined && consumers === 0) {
    found.push(finding('mixed-expirations', subject, 'By its name messages wait there.', ['arguments']));
  }
  return found;
}

function priorities(subject: StudiedQueue): Finding[] {
  const { maxPriority, type } = subject.queue.arguments;
  const { messageTtl } = subject.queue.settings;
  if (type === QUORUM || maxPriority === 0 || messageTtl === Infinity) return [];
  const details = `It has priorities up to ${maxPriority}, and a TTL of ${messageTtl} ms.`;
  return [finding('priority-holds-back', subject, details, ['arguments', 'x-max-priority'])];
}

function losses(study: Study, subject: StudiedQueue): Finding[] {
  const { messageTtl, deadLetterExchange, maxLength, maxLengthBytes, overflow } = subject.queue.settings;
  const { autoDelete } = subject.queue.identity;
  const found: Finding[] = [];
  if (deadLetterExchange !== undefined) {
    if (!autoDelete) return [];
    const details = `Its dead letters go to ${exchangeName(deadLetterExchange)}.`;
    return [finding('auto-delete-loses', subject, details, ['auto_delete'])];
  }
  if (messageTtl !== Infinity && !study.isForWaiting(subject)) {
    const details = `Its messages expire after ${messageTtl} ms.`;
    found.push(finding('expires-silently', subject, details, ['arguments', 'x-message-ttl']));
  }
  if (overflow !== 'drop-head') return found;
  if (maxLength !== Infinity) {
    const details = `It holds at most ${maxLength} messages.`;
    found.push(finding('drops-oldest', subject, details, ['arguments', 'x-max-length']));
  } else if (maxLengthBytes !== Infinity) {
    const details = `It holds at most ${maxLengthBytes} bytes.`;
    found.push(finding('drops-oldest', subject, details, ['arguments', 'x-max-length-bytes']));
  }
  return found;
}

function quorum(subject: StudiedQueue): Finding[] {
  const { arguments: args, identity, settings } = subject.queue;
  if (args.type !== QUORUM) return [];
  const found: Finding[] = [];
  const strategy = textOf(identity.table.get('x-dead-letter-strategy'));
  if (strategy === 'at-least-once' && !settings.deadLetterAtLeastOnce) {
    const details =
      settings.deadLetterExchange === undefined
        ? 'It has no dead-letter exchange.'
        : `Its overflow is ${settings.overflow}, not reject-publish.`;
    found.push(finding('inactive-at-least-once', subject, details, ['arguments', 'x-dead-letter-strategy']));
  }
  if (textOf(identity.table.get('x-overflow')) === 'reject-publish-dlx') {
    found.push(
      finding('unsupported-overflow', subject, 'It is a quorum queue.', ['arguments', 'x-overflow']),
    );
  }
  if (settings.deadLetterExchange === undefined && settings.deliveryLimit !== Infinity) {
    const details = `Messages may come back ${settings.deliveryLimit} times.`;
    found.push(finding('delivery-limit-loses', subject, details, ['arguments']));
  }
  return found;
}
