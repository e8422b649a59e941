import { matches } from '../broker/expression.ts';
import { finding } from './finding.ts';
import type { Finding } from './finding.ts';
import { exchangeName } from './names.ts';
import type { Study } from './study.ts';

/** Users who may make a queue, were it not for where its dead letters go. A policy's exchange is not checked (DLX-06). */
export function checkPermissions({ queues, definitions }: Study): Finding[] {
  return queues.flatMap((subject) => {
    const exchange = subject.queue.identity.table.has('x-dead-letter-exchange')
      ? subject.queue.settings.deadLetterExchange
      : undefined;
    if (exchange === undefined) return [];
    const users = definitions.permissions
      .map(({ value }) => value)
      .filter(({ vhost, configure, read, write }) => {
        const mayMake = vhost === subject.vhost && matches(configure, subject.name);
        return (
          mayMake &&
          !(matches(read, subject.name) && matches(write, exchange === '' ? 'amq.default' : exchange))
        );
      })
      .map(({ user }) => `'${user}'`);
    if (users.length === 0) return [];
    const details = `Its dead letters go to ${exchangeName(exchange)}, and so ${users.join(', ')} cannot declare it.`;
    return [
      finding('forbidden-dead-letter-exchange', subject, details, ['arguments', 'x-dead-letter-exchange']),
    ];
  });
}
