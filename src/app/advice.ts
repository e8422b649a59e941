import type { Explanation } from '../advice/explanation.ts';
import { explainInBroker } from '../advice/live.ts';
import { why } from '../advice/why.ts';
import type { Why } from '../advice/why.ts';
import { readQuestion } from '../advice/question.ts';
import type { AskedQuestion } from '../advice/question.ts';
import type { Broker } from '../broker/broker.ts';
import { DefinitionsError } from '../broker/json-place.ts';
import { AmqpError } from '../wire/errors.ts';
import { OptionError } from './options.ts';

/** What is asked for more closely. */
export interface WhyOptions {
  /** Default: `/`. */
  readonly vhost?: string;
  /** The `message-id` of a message to look for. */
  readonly messageId?: string;
}

/** What a running broker can tell of what it does. */
export class Advice {
  readonly #broker: Broker;

  constructor(broker: Broker) {
    this.#broker = broker;
  }

  /**
   * @throws {QuestionError} when something the question is about does not exist
   * @throws {OptionError} when it is not as it should be
   */
  explain(question: AskedQuestion): Explanation {
    try {
      return explainInBroker(this.#broker, readQuestion(question));
    } catch (error) {
      if (error instanceof DefinitionsError || error instanceof AmqpError)
        throw new OptionError(error.message);
      throw error;
    }
  }

  /** @throws {QuestionError} when there is no such vhost or queue */
  why(queue: string, { vhost = '/', messageId }: WhyOptions): Why {
    return why(this.#broker, vhost, queue, messageId);
  }
}
