import { explainInBroker } from '../../advice/live.ts';
import { QuestionError, readQuestion } from '../../advice/question.ts';
import type { AskedQuestion } from '../../advice/question.ts';
import { why } from '../../advice/why.ts';
import { DefinitionsError } from '../../broker/json-place.ts';
import { badRequest, notFound, ok } from '../answer.ts';
import type { Answer } from '../answer.ts';
import type { Call } from '../call.ts';
import type { Route } from '../route.ts';

/** What RabbitMQ does not tell: why messages wait, and what would become of one. */
export const adviceRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/queues/:vhost/:name/why',
    access: 'vhost-viewer',
    summary: 'Why messages of a queue are not delivered at this moment',
    query: { message: 'the message-id of a message to look for' },
    handle: whyWaiting,
  },
  {
    method: 'POST',
    path: '/vhosts/:vhost/explain',
    access: 'vhost-viewer',
    summary: 'What would become of a message that is published now; nothing is published',
    body: {
      exchange: 'required: a text; "" is the default exchange',
      routingKey: 'required: a text',
      expiration: 'milliseconds',
      headers: 'an object',
      priority: '0 to 255',
      rejects: 'how often a consumer rejects it before one acknowledges it',
      consumers: 'a list of queues to take for consumed',
    },
    handle: explain,
  },
];

function whyWaiting(call: Call): Answer {
  const { vhost, broker, query } = call;
  const name = call.param('name');
  if (!vhost.queues.has(name)) throw notFound();
  return ok(why(broker, vhost.name, name, query.get('message') ?? undefined));
}

function explain(call: Call): Answer {
  const { vhost, broker } = call;
  const asked = { ...call.jsonWith('exchange', 'routingKey'), vhost: vhost.name } as unknown as AskedQuestion;
  try {
    return ok(explainInBroker(broker, readQuestion(asked)));
  } catch (error) {
    if (error instanceof DefinitionsError || error instanceof QuestionError) throw badRequest(error.message);
    throw error;
  }
}
