import type { Catalogue } from '../support/catalogue.ts';

/** Channels. */
export const channelsRules = {
  'CHN-01': {
    says: 'channel.open on any number from 1 to 65535 is answered by open-ok with an empty channel-id. The channel-max that was agreed on limits how many channels are open at once, and not which numbers they have.',
  },
  'CHN-02': {
    says: 'One channel more than agreed on closes the connection: 530 (0/0) NOT_ALLOWED - number of channels opened (N) has reached the negotiated channel_max (N). A channel that was closed makes room again.',
  },
  'CHN-03': {
    says: "A user may have a limit of channels over all connections; one more closes the connection: 530 (0/0) NOT_ALLOWED - number of channels opened for user 'U' has reached the maximum allowed user limit of N. Before 4.0 the number is in parentheses.",
  },
  'CHN-04': {
    says: "channel.open on a channel that is open closes the connection: 504 CHANNEL_ERROR - second 'channel.open' seen. A channel which the server has closed counts as open until the client has sent close-ok.",
  },
  'CHN-05': {
    says: "Every other method on a channel that is not open, channel.close and close-ok too, closes the connection with the ids of that method: 504 CHANNEL_ERROR - expected 'channel.open'. Content closes it as well, with 504 or 505. Where the method has an empty queue name, the answer may be the channel error 404 NOT_FOUND - no previously declared queue.",
  },
  'CHN-06': {
    says: 'channel.close of a client is answered by close-ok after everything the client sent before it has taken effect. The number can be opened again as soon as close-ok has come.',
  },
  'CHN-07': {
    says: 'When a channel closes, for whatever reason, its unacked deliveries go back to their queues, its consumers end (which may delete an auto-delete queue), and its open transaction is discarded. A channel opened later under the same number knows nothing of delivery tags, prefetch, confirm mode or the last declared queue.',
  },
  'CHN-08': {
    says: 'Once the server has sent channel.close it drops every method and every content on that channel until close-ok comes. A channel.close of the client is answered meanwhile, and its close-ok is still awaited. What is dropped is never confirmed; a confirm that was decided before may come ahead of channel.close.',
  },
  'CHN-09': {
    says: 'The other channels of the connection take no notice of a channel that closes.',
  },
  'CHN-10': {
    says: 'After a channel error the deliveries to consumers return to their queues at once. What was fetched by basic.get returns at the latest when the client has sent close-ok, or when the connection ends; a broker may return it at once as well.',
  },
  'CHN-11': {
    says: 'channel.flow with active=true is answered by flow-ok with active=true. With active=false it closes the connection: 540 NOT_IMPLEMENTED - active=false. A server never sends channel.flow.',
  },
  'CHN-12': {
    says: 'Delivery tags count from 1 on each channel, over deliveries and fetched messages together, those that need no ack included. Publishes count from 1 on each channel, beginning with confirm.select.',
  },
} satisfies Catalogue;
