import { startNode } from './app/node.ts';
import type { RunningBroker } from './app/running-broker.ts';
import { readStartOptions } from './app/start-options.ts';
import type { StartOptions } from './app/start-options.ts';

export type { AskedQuestion } from './advice/question.ts';
export type { Ending, Explanation, Hop, Loss, PlainDeath, Stay, Step } from './advice/explanation.ts';
export type { ConsumerAnswer, Holder } from './advice/consumers.ts';
export type { Whereabouts } from './advice/whereabouts.ts';
export type { Reason, ReasonId, Why } from './advice/why.ts';
export type { WhyOptions } from './app/advice.ts';
export { QuestionError } from './advice/question.ts';
export type { BrokerClock, MoveOptions, RunOptions } from './app/broker-clock.ts';
export type { BrokerView, ConnectionView, ExchangeView, QueueView } from './app/broker-view.ts';
export type { EventListener } from './app/event-feed.ts';
export type { DeathView, MessageState, MessageView } from './app/message-view.ts';
export { ClockError } from './app/moments.ts';
export type { Duration, DurationParts, Moment } from './app/moments.ts';
export { OptionError } from './app/options.ts';
export type { BrokerOptions, ClockMode } from './app/options.ts';
export type { RunningBroker } from './app/running-broker.ts';
export type { StartOptions } from './app/start-options.ts';
export type { BrokerEvent, BrokerEventName, BrokerEvents, EventOf, SeenMessage } from './broker/observer.ts';
export type { FirstFaults } from './app/fault-file.ts';
export type { FaultRequests, RequestedFault } from './app/fault-requests.ts';
export type { FaultKind, FaultOptions } from './server/fault-kinds.ts';
export type { MeterProvider } from './metrics/telemetry.ts';
export { StoreError } from './store/format.ts';

/**
 * Starts a broker in this process and resolves when it accepts connections. Without `data` everything is kept in
 * memory; without `port` a free one is picked. The management HTTP API is served if `management` or `managementPort` is
 * given, on a free port if there is none.
 * @throws {StoreError} when the data directory cannot be used
 * @throws {OptionError} when an option is not what it should be
 */
export async function startBroker(options: StartOptions = {}): Promise<RunningBroker> {
  const { onFailure = endProcess, telemetry = false } = options;
  return startNode(readStartOptions(options), { onFailure, telemetry });
}

/** Thrown where nobody catches it. */
function endProcess(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}
