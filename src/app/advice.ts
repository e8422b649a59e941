import type { Explanation } from '../advice/explanation.ts';
import { explainInBroker } from '../advice/live.ts';
import { readQuestion } from '../advice/question.ts';
import type { AskedQuestion } from '../advice/question.ts';
import type { Broker } from '../broker/broker.ts';
import { DefinitionsError } from '../broker/json-place.ts';
import { AmqpError } from '../wire/errors.ts';
import { OptionError } from './options.ts';

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
}
